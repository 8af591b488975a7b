import type { Config } from '../../../config.ts';
import type { Database } from '../../../db/client.ts';
import { isUniqueViolation } from '../../../db/sql.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Actor } from '../../../shared/actor.ts';
import { notFound } from '../../../shared/app-error.ts';
import type { Page, PageRequest } from '../../../shared/page.ts';
import { credentialRevoked, sessionRequired } from '../identity.errors.ts';
import { createIdentityRepository } from '../identity.repository.ts';
import { passkeyAddedMail, passkeyRemovedMail } from '../mails/passkeys-changed.ts';
import * as errors from './factors.errors.ts';
import type { Passkey } from './factors.table.ts';
import { createNotices, type NoticeDeps } from './notices.ts';
import { CHALLENGE_MS, registrationOptions } from './passkey-options.ts';
import { createPasskeysRepository } from './passkeys.repository.ts';
import { recentLogin } from './recent-login.ts';
import { requireRelyingParty } from './relying-party.ts';
import { challengeOf, checkRegistration, newChallenge, type RegistrationResponse } from './webauthn.ts';

type Deps = NoticeDeps & { database: Database; config: Pick<Config, 'PUBLIC_URL' | 'ENVIRONMENT'>; clock: Clock };

type Versioned = { id: string; expectedVersion?: number | undefined };

const MAX_PASSKEYS_PER_USER = 20;

/** A user's passkeys. Only sessions manage them, and only recent ones add or remove them. */
export function createPasskeysService(deps: Deps) {
  const { database, config, clock, ids } = deps;
  const repository = createPasskeysRepository(database);
  const identity = createIdentityRepository(database);
  const notify = createNotices(deps);

  const bounded = { limit: MAX_PASSKEYS_PER_USER, refusal: () => errors.tooManyPasskeys(MAX_PASSKEYS_PER_USER) };

  const requireSession = ({ credential }: Actor): void => {
    if (credential.type !== 'session') throw sessionRequired();
  };
  const requireRecent = (actor: Actor) => identity.requireRecentSession(actor, recentLogin(clock.now()));

  return {
    /** What a browser needs to make a passkey. Ends the options that were given before. */
    async startRegistration(actor: Actor) {
      requireSession(actor);
      const party = requireRelyingParty(config);
      const { userId } = actor;
      const challenge = newChallenge();
      const row = {
        challenge,
        ownerId: userId,
        purpose: 'registration',
        expiresAt: clock.now() + CHALLENGE_MS,
      } as const;
      const [, , , , [user], passkeys] = await database.commit([
        requireRecent(actor),
        repository.requireFewer(userId, bounded),
        repository.removeChallenges(userId, 'registration'),
        repository.insertChallenge(row),
        repository.selectUser(userId),
        repository.selectAll(userId),
      ]);
      if (!user) throw credentialRevoked();
      return registrationOptions(party, { user, challenge, passkeys });
    },

    /** Keeps the passkey that a browser has made. */
    async register(
      actor: Actor,
      { name, response }: { name: string; response: RegistrationResponse },
    ): Promise<Passkey> {
      requireSession(actor);
      const party = requireRelyingParty(config);
      const challenge = challengeOf(response);
      const credential = challenge && (await checkRegistration(party, { response, challenge }));
      if (!challenge || !credential) throw errors.invalidRegistration();
      const { userId } = actor;
      const now = clock.now();
      const use = { challenge, purpose: 'registration', now, refusal: errors.invalidRegistration } as const;
      const { transports = [] } = response.response;
      const times = { createdAt: now, updatedAt: now };
      try {
        const [, , , , [passkey], [user]] = await database.commit([
          identity.requireLive(actor, { now, refusal: credentialRevoked }),
          ...repository.useChallenge(userId, use),
          repository.requireFewer(userId, bounded),
          repository.insert({ id: ids.next(), ownerId: userId, name, ...credential, transports, ...times }),
          repository.selectUser(userId),
        ]);
        if (!passkey || !user) throw new Error('The database answered an insert without its row.');
        notify(user, () => passkeyAddedMail({ username: user.username, passkey: passkey.name }));
        return passkey;
      } catch (error) {
        throw isUniqueViolation(error, 'passkeys.credential_id') ? errors.passkeyTaken() : error;
      }
    },

    list: ({ userId }: Actor, page: PageRequest): Promise<Page<Passkey>> => repository.list(userId, page),

    async rename(actor: Actor, change: Versioned & { name: string }): Promise<Passkey> {
      requireSession(actor);
      const [passkey] = await repository.rename(actor.userId, { ...change, now: clock.now() });
      if (!passkey) throw notFound('passkey');
      return passkey;
    },

    /** It logs in no more. The sessions that it has opened stay. */
    async remove(actor: Actor, target: Versioned): Promise<void> {
      requireSession(actor);
      const { userId } = actor;
      const [[user], [passkey]] = await database.commit([
        repository.selectUser(userId),
        repository.select(userId, target.id),
        requireRecent(actor),
        ...repository.remove(userId, target),
      ]);
      if (user && passkey) notify(user, () => passkeyRemovedMail({ username: user.username, passkey: passkey.name }));
    },
  };
}

export type PasskeysService = ReturnType<typeof createPasskeysService>;
