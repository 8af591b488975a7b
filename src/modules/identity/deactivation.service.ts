import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Attempts } from '../../limit-objects/attempts.ts';
import type { Clock } from '../../platform/clock.ts';
import type { KeyRing } from '../../platform/secrets/key-ring.ts';
import type { Actor } from '../../shared/actor.ts';
import type { AuditService } from '../audit/audit.service.ts';
import { createAdminUsersRepository } from './admin-users.repository.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { IdentityCache } from './identity-cache.ts';
import { loginKey, loginObject } from './login-keys.ts';
import { createPasswords } from './password.ts';
import { createProfilesRepository } from './profiles.repository.ts';
import { createSessionsRepository } from './sessions.repository.ts';
import { createVerificationsRepository } from './verifications.repository.ts';

type Deps = {
  database: Database;
  config: Pick<Config, 'SCRYPT_COST_LOG2'>;
  clock: Clock;
  identities: IdentityCache;
  attempts: Attempts;
  keyRing: KeyRing;
  audit: AuditService;
};

type Login = { identifier: string; password: string; address?: string | undefined };

/** Putting one's own account to sleep, and waking it. */
export function createDeactivationService(deps: Deps) {
  const { database, config, clock, identities, attempts, keyRing, audit } = deps;
  const identity = createIdentityRepository(database);
  const profiles = createProfilesRepository(database);
  const sessions = createSessionsRepository(database);
  const mails = createVerificationsRepository(database);
  const passwords = createPasswords({ costLog2: config.SCRYPT_COST_LOG2 });

  return {
    /**
     * Ends every session and mailed token. API keys stop working, and work again when the account is brought back.
     * @throws last_admin
     */
    async deactivate(actor: Actor, password: string): Promise<void> {
      if (actor.credential.type !== 'session') throw errors.sessionRequired();
      const user = await identity.findUser(actor.userId);
      if (!user) throw errors.credentialRevoked();
      const { id, passwordHash: verifiedHash } = user;
      const attempt = await attempts.begin({ what: 'password', account: id });
      if (!(await passwords.verify(password, verifiedHash))) throw errors.wrongPassword('password');
      await attempt.succeed();
      const now = clock.now();
      await database.commit([
        createAdminUsersRepository(database).requireAnotherAdmin(id),
        profiles.setStatus(id, { status: 'deactivated', verifiedHash, now }),
        requireChange(database, () => errors.wrongPassword('password')),
        sessions.removeAll(id),
        ...(['email_verification', 'password_reset', 'email_change'] as const).map((purpose) =>
          mails.endAll(id, { purpose, now }),
        ),
      ]);
      identities.forgetUser(id);
    },

    /**
     * Lets an account be logged in to again that its owner deactivated. Opens no session: that is what logging in is for.
     * @throws as a login does: nobody learns about an account without its password.
     */
    async reactivate({ identifier, password, address }: Login): Promise<void> {
      const key = loginKey(identifier);
      audit.about(await loginObject(keyRing, key));
      const attempt = await attempts.begin({ what: 'login', account: JSON.stringify(key), address });
      const user = await identity.findUserByLogin(key);
      if (user) audit.about({ type: 'user', id: user.id });
      const isRight = await passwords.verify(password, user?.passwordHash);
      if (!user || !isRight) throw errors.invalidCredentials();
      await attempt.succeed();
      if (user.status === 'active') throw errors.accountActive();
      const { id, passwordHash: verifiedHash, deactivatedBy } = user;
      await database.commit([
        profiles.setStatus(id, { status: 'active', verifiedHash, now: clock.now() }),
        requireChange(database, () => errors.accountDeactivated(deactivatedBy)),
      ]);
    },
  };
}

export type DeactivationService = ReturnType<typeof createDeactivationService>;
