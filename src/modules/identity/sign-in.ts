import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { AuditService } from '../audit/audit.service.ts';
import { createTickets, type IssuedTicket } from './factors/tickets.ts';
import { createTwoFactorRepository, type Factors } from './factors/two-factor.repository.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { User } from './identity.table.ts';
import { type IssuedSession, issueSessionTokens } from './session-tokens.ts';

type Deps = {
  database: Database;
  config: Pick<Config, 'ACCESS_TOKEN_SECONDS' | 'REFRESH_TOKEN_SECONDS'>;
  clock: Clock;
  ids: Ids;
  audit: AuditService;
};

/** The program on the other side, by which people recognise their sessions. */
export type Client = { userAgent?: string | undefined };

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

const MAX_USER_AGENT_CHARS = 300;

export const shortened = (userAgent: string | undefined) => userAgent?.slice(0, MAX_USER_AGENT_CHARS) ?? null;

/** The end of every way in: a session, or what leads to one. */
export function createSignIn({ database, config, clock, ids, audit }: Deps) {
  const repository = createIdentityRepository(database);
  const factors = createTwoFactorRepository(database);
  const tickets = createTickets({ database, clock, ids });

  const openSession = (ownerId: string, { userAgent, now }: Client & { now: number }) => {
    const id = ids.next();
    const { issued, stored } = issueSessionTokens(id, { config, now });
    const times = { createdAt: now, updatedAt: now };
    const insert = repository.insertSession({ id, ownerId, ...stored, userAgent: shortened(userAgent), ...times });
    return { session: issued, insert };
  };

  const open = async (user: User, shown: Shown & { factors: 'one' | 'all' }): Promise<SignedIn> => {
    const { passwordHash: verifiedHash } = user;
    const { userAgent, passwordHash = verifiedHash, proof = [] } = shown;
    const now = clock.now();
    const { session, insert } = openSession(user.id, { userAgent, now });
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
    openSession,

    /**
     * Lets in somebody who has shown one factor: the password, or an account elsewhere. Opens a session, or issues a
     * ticket to those who have a second factor. One batch either way.
     * @throws account_deactivated; invalid_credentials when the password was replaced since the user was read.
     */
    async signIn(user: User, shown: Shown): Promise<SignIn> {
      if (user.status !== 'active') throw errors.accountDeactivated();
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
