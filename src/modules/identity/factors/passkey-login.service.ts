import type { Attempts } from '../../../limit-objects/attempts.ts';
import type { User } from '../identity.table.ts';
import type { Client, SessionDeps } from '../sessions.ts';
import { createSignIn, type SignedIn } from '../sign-in.ts';
import type { Verifications } from '../verifications.ts';
import * as errors from './factors.errors.ts';
import { assertionOptions, CHALLENGE_MS } from './passkey-options.ts';
import { createPasskeysRepository } from './passkeys.repository.ts';
import { requireRelyingParty } from './relying-party.ts';
import type { WithTicket } from './second-factor.service.ts';
import { createSecondFactorAttempts } from './second-factor-attempts.ts';
import { createTickets } from './tickets.ts';
import { type AssertionResponse, challengeOf, checkAssertion, newChallenge, userHandle } from './webauthn.ts';

type Deps = SessionDeps & { attempts: Attempts; verifications: Verifications };

/** Logins by passkey: alone, for a passkey that has verified its user is two factors in one, or after a password. */
export function createPasskeyLoginService(deps: Deps) {
  const { database, config, clock, audit } = deps;
  const repository = createPasskeysRepository(database);
  const { signInFully } = createSignIn(deps);
  const tickets = createTickets(deps);
  const begin = createSecondFactorAttempts(deps);

  /** Whose passkey has signed what, and the statements that make it count once. */
  const check = async (response: AssertionResponse, purpose: 'login' | 'second_factor') => {
    const party = requireRelyingParty(config);
    const challenge = challengeOf(response);
    const found = challenge && (await repository.findByCredential(response.id));
    if (!challenge || !found) throw errors.invalidPasskey();
    const { passkey, user } = found;
    const used = await checkAssertion(party, { response, challenge, credential: passkey });
    if (!used) throw errors.invalidPasskey();
    const now = clock.now();
    const refusal = errors.invalidPasskey;
    const asked = { challenge, purpose, now, refusal };
    const proof = [
      ...repository.useChallenge(purpose === 'login' ? null : user.id, asked),
      ...repository.noteUse(user.id, { id: passkey.id, ...used, now, refusal }),
    ];
    return { user, now, proof };
  };

  const isHandleOf = ({ id }: User, { response }: AssertionResponse) => response.userHandle === userHandle(id);

  return {
    /** What a browser needs to ask for any passkey that it has for this service. */
    async start() {
      const party = requireRelyingParty(config);
      const challenge = newChallenge();
      const expiresAt = clock.now() + CHALLENGE_MS;
      await database.commit([repository.insertChallenge({ challenge, ownerId: null, purpose: 'login', expiresAt })]);
      return assertionOptions(party, { challenge, passkeys: [] });
    },

    /** @throws invalid_passkey, whatever is wrong. */
    async verify({ response, ...client }: Client & { response: AssertionResponse }): Promise<SignedIn> {
      const { user, proof } = await check(response, 'login');
      if (!isHandleOf(user, response)) throw errors.invalidPasskey();
      return signInFully(user, { ...client, proof });
    },

    /** The same for one of the passkeys of a ticket's holder. */
    async startSecondFactor(ticket: string) {
      const party = requireRelyingParty(config);
      const { user } = await tickets.open(ticket);
      const challenge = newChallenge();
      const expiresAt = clock.now() + CHALLENGE_MS;
      const [, , passkeys] = await database.commit([
        repository.removeChallenges(user.id, 'second_factor'),
        repository.insertChallenge({ challenge, ownerId: user.id, purpose: 'second_factor', expiresAt }),
        repository.selectAll(user.id),
      ]);
      if (passkeys.length === 0) throw errors.noPasskeys();
      return assertionOptions(party, { challenge, passkeys });
    },

    /** @throws invalid_ticket; too_many_attempts; invalid_passkey, also for the passkey of somebody else. */
    async verifySecondFactor(login: WithTicket & { response: AssertionResponse }): Promise<SignedIn> {
      const { ticket, response, ...client } = login;
      const { user, use } = await tickets.open(ticket);
      audit.about({ type: 'user', id: user.id });
      const attempt = await begin(user, client.address);
      const { user: signer, proof, now } = await check(response, 'second_factor');
      if (signer.id !== user.id) throw errors.invalidPasskey();
      const signedIn = await signInFully(user, { ...client, proof: [...use(now), ...proof] });
      attempt.settle();
      return signedIn;
    },
  };
}

export type PasskeyLoginService = ReturnType<typeof createPasskeyLoginService>;
