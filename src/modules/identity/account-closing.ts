import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Attempts } from '../../limit-objects/attempts.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Actor } from '../../shared/actor.ts';
import { type ClosableAccount, createAccountClosingRepository } from './account-closing.repository.ts';
import { createAdminUsersRepository } from './admin-users.repository.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { IdentityCache } from './identity-cache.ts';
import { loginKey, usernameKey } from './login-keys.ts';
import { createPasswords, isPasswordHash } from './password.ts';

type Deps = {
  database: Database;
  config: Pick<Config, 'SCRYPT_COST_LOG2'>;
  clock: Clock;
  identities: IdentityCache;
  attempts: Attempts;
};

/** That it is the person who asks: the password, or the username where there is no password. */
export type Confirmation = { password?: string | undefined; confirm?: string | undefined };

/** By what an account is known outside of its own rows. */
export type AccountNames = {
  ownerId: string;
  /** E-mail addresses that it has had. */
  addresses: string[];
  /** Ids of its API keys. */
  keyIds: string[];
  /** What attempts at its secrets are counted under. */
  guarded: string[];
};

export type ClosedAccount = {
  names: AccountNames;
  /** Take the account from everybody at once. */
  statements: Statement[];
  /** To be called when they have been committed: ends trust in its credentials in this isolate. */
  forget: () => void;
};

/** Ending an account: first for those who have its credentials, then for good. */
export function createAccountClosing({ database, config, clock, identities, attempts }: Deps) {
  const repository = createAccountClosingRepository(database);
  const identity = createIdentityRepository(database);
  const passwords = createPasswords({ costLog2: config.SCRYPT_COST_LOG2 });

  const requireConfirmed = async (user: ClosableAccount, { password, confirm }: Confirmation): Promise<void> => {
    if (!isPasswordHash(user.passwordHash)) {
      if (confirm === undefined || usernameKey(confirm) !== user.usernameKey) throw errors.usernameNotConfirmed();
      return;
    }
    if (password === undefined) throw errors.deletionNotConfirmed();
    const attempt = await attempts.begin({ what: 'password', account: user.id });
    if (!(await passwords.verify(password, user.passwordHash))) throw errors.deletionNotConfirmed();
    await attempt.succeed();
  };

  return {
    /**
     * What closes the account, once it is clear that its owner wants that.
     * @throws AppError `session_required` for an API key, `invalid_fields` without the right confirmation; its statements
     * throw `last_admin` for the last administrator.
     */
    async close(actor: Actor, confirmation: Confirmation): Promise<ClosedAccount> {
      if (actor.credential.type !== 'session') throw errors.sessionRequired();
      const user = await repository.find(actor.userId);
      if (!user) throw errors.credentialRevoked();
      await requireConfirmed(user, confirmation);
      const now = clock.now();
      return {
        names: {
          ownerId: user.id,
          addresses: [...new Set([user.email, ...user.addresses])],
          keyIds: user.keyIds,
          guarded: [user.id, ...[user.email, user.username].map((name) => JSON.stringify(loginKey(name)))],
        },
        statements: [
          identity.requireLive(actor, { now, refusal: errors.credentialRevoked }),
          createAdminUsersRepository(database).requireAnotherAdmin(user.id),
          repository.anonymise(user.id, { verifiedHash: user.passwordHash, now }),
          requireChange(database, errors.credentialRevoked),
          ...repository.removeCredentials(user.id),
        ],
        forget: () => identities.forgetUser(user.id),
      };
    },

    /** The user's own row. Once it is gone, nothing that refers to it can be stored any more. */
    remove: (userId: string): Statement => repository.removeUser(userId),

    count: (userId: string): Promise<number> => repository.countUsers(userId),
  };
}

export type AccountClosing = ReturnType<typeof createAccountClosing>;
