import type { Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import { createTickets, type IssuedTicket } from './factors/tickets.ts';
import { createTwoFactorRepository, type Factors } from './factors/two-factor.repository.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { User } from './identity.table.ts';
import type { IssuedSession } from './session-tokens.ts';
import { type Client, createSessions, type SessionDeps } from './sessions.ts';

/** Somebody who has shown who they are. */
type Shown = Client & {
  /** What to store instead of the hash that the user was read with. */
  passwordHash?: string | undefined;
  /** What shows it, or must happen with it: committed first, or not at all. */
  proof?: readonly Statement[] | undefined;
};

export type SecondFactorMethod = 'totp' | 'recovery_code' | 'passkey';

export type SignedIn = { user: User; session: IssuedSession };

/** The login goes on with the ticket and one of the methods. */
export type AwaitsSecondFactor = IssuedTicket & { methods: SecondFactorMethod[] };

export type SignIn = SignedIn | AwaitsSecondFactor;

/** The end of every way in: a session, or what leads to one. */
export function createSignIn(deps: SessionDeps) {
  const { database, clock, ids, audit } = deps;
  const repository = createIdentityRepository(database);
  const factors = createTwoFactorRepository(database);
  const tickets = createTickets({ database, clock, ids });
  const sessions = createSessions(deps);

  const open = async (user: User, shown: Shown & { factors: 'one' | 'all' }): Promise<SignedIn> => {
    const { passwordHash: verifiedHash } = user;
    const { passwordHash = verifiedHash, proof = [] } = shown;
    const now = clock.now();
    const { session, insert } = await sessions.open(user.id, { client: shown, now });
    audit.signingIn({ userId: user.id, credentialId: session.id });
    await database.commit([
      ...proof,
      repository.recordLogin(user.id, { verifiedHash, passwordHash, factors: shown.factors, now }),
      requireChange(database, errors.invalidCredentials),
      repository.removeExpiredSessions(user.id, now),
      insert,
    ]);
    return { user, session };
  };

  const awaitSecondFactor = async (user: User, shown: Shown): Promise<AwaitsSecondFactor> => {
    const { passwordHash: verifiedHash } = user;
    const { passwordHash = verifiedHash, proof = [] } = shown;
    const { issued, insert } = tickets.issue({ id: user.id, passwordHash }, clock.now());
    const [found] = await database.commitAndRead(
      [
        ...proof,
        repository.renewPasswordHash(user.id, { verifiedHash, passwordHash }),
        requireChange(database, errors.invalidCredentials),
        insert,
      ],
      factors.selectFactors(user.id),
    );
    return { ...issued, methods: methodsOf(found) };
  };

  return {
    /**
     * Lets in somebody who has shown one factor: the password, or an account elsewhere. Opens a session, or issues a
     * ticket to those who have a second factor. One batch either way.
     * @throws account_deactivated; invalid_credentials when the password was replaced since the user was read.
     */
    async signIn(user: User, shown: Shown): Promise<SignIn> {
      if (user.status !== 'active') throw errors.accountDeactivated(user.deactivatedBy);
      return user.twoFactorEnabledAt === null
        ? open(user, { ...shown, factors: 'one' })
        : awaitSecondFactor(user, shown);
    },

    /** Lets in somebody who has shown all that they must. */
    signInFully: (user: User, shown: Shown): Promise<SignedIn> => open(user, { ...shown, factors: 'all' }),
  };
}

function methodsOf(found: Factors | undefined): SecondFactorMethod[] {
  return [
    'totp',
    ...(found && found.recoveryCodesLeft > 0 ? (['recovery_code'] as const) : []),
    ...(found && found.passkeys > 0 ? (['passkey'] as const) : []),
  ];
}
