import type { Config } from '../../config.ts';
import { requireChange } from '../../db/sql.ts';
import type { Attempts } from '../../limit-objects/attempts.ts';
import type { Ids } from '../../platform/ids.ts';
import type { KeyRing } from '../../platform/secrets/key-ring.ts';
import type { Actor } from '../../shared/actor.ts';
import type { AuditService } from '../audit/audit.service.ts';
import { createAccount } from './account.ts';
import type { AuthenticationDeps } from './authentication.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import { emailKey, loginKey, loginObject, usernameKeys } from './login-keys.ts';
import { createPasswords } from './password.ts';
import { createPasswordPolicy } from './password-policy.ts';
import { type Client, createSessions } from './sessions.ts';
import { createSignIn, type SignedIn, type SignIn } from './sign-in.ts';
import { createVerificationsRepository } from './verifications.repository.ts';
import type { Verifications } from './verifications.ts';

type Deps = AuthenticationDeps & {
  config: Config;
  verifications: Verifications;
  ids: Ids;
  attempts: Attempts;
  audit: AuditService;
  keyRing: KeyRing;
};

type Registration = Client & {
  email: string;
  username: string;
  password: string;
  fullName?: string | null | undefined;
};

type Login = Client & {
  identifier: string;
  password: string;
};

/** Who somebody is: accounts, passwords and sessions. */
export function createAuthService(deps: Deps) {
  const { database, config, clock, ids, identities, verifications, attempts, audit } = deps;
  const repository = createIdentityRepository(database);
  const mails = createVerificationsRepository(database);
  const passwords = createPasswords({ costLog2: config.SCRYPT_COST_LOG2 });
  const policy = createPasswordPolicy(config);

  const sessions = createSessions(deps);
  const { signIn } = createSignIn(deps);

  return {
    ...createAccount(deps),
    signIn,

    async register({ email, username, password, fullName = null, ...client }: Registration): Promise<SignedIn> {
      if (!config.REGISTRATION_OPEN) throw errors.registrationClosed();
      await policy.requireAcceptable(password, { path: 'password', owner: { email, username } });
      await verifications.requireMailbox(email);
      const passwordHash = await passwords.hash(password);
      const now = clock.now();
      const keys = { emailKey: emailKey(email), ...usernameKeys(username) };
      const row = { id: ids.next(), email, username, ...keys, passwordHash, fullName, createdAt: now, updatedAt: now };
      const { session, insert } = await sessions.open(row.id, { client, now });
      audit.making({ type: 'user', id: row.id });
      audit.signingIn({ userId: row.id, credentialId: session.id });
      const verification = verifications.issue(row, { purpose: 'email_verification', now });
      try {
        const [[user]] = await database.commit([repository.insertUser(row), insert, verification.insert]);
        if (!user) throw new Error('The database answered an insert without its row.');
        verifications.inBackground(verification.deliver);
        return { user, session };
      } catch (error) {
        throw errors.takenError(error) ?? error;
      }
    },

    /**
     * Failures of an account that has a second factor are forgotten only when that was right, too.
     * @throws invalid_credentials, the same and as slowly for an unknown account as for a wrong password;
     * too_many_attempts before the password is looked at.
     */
    async login({ identifier, password, ...client }: Login): Promise<SignIn> {
      const key = loginKey(identifier);
      audit.about(await loginObject(deps.keyRing, key));
      const attempt = await attempts.begin({ what: 'login', account: JSON.stringify(key), address: client.address });
      const user = await repository.findUserByLogin(key);
      if (user) audit.about({ type: 'user', id: user.id });
      const isRight = await passwords.verify(password, user?.passwordHash);
      if (!user || !isRight) throw errors.invalidCredentials();
      await (user.twoFactorEnabledAt === null ? attempt.succeed() : attempt.advance());
      const { passwordHash: verifiedHash } = user;
      const passwordHash = passwords.needsRehash(verifiedHash) ? await passwords.hash(password) : verifiedHash;
      return signIn(user, { ...client, passwordHash });
    },

    refresh: sessions.refresh,

    async logout({ userId, credential }: Actor): Promise<void> {
      if (credential.type !== 'session') throw errors.sessionRequired();
      await database.commit([repository.removeSession(userId, credential.id)]);
      identities.forgetCredential(credential.id);
    },

    /** Sets a new password and ends every session but the one that asks. */
    async changePassword(actor: Actor, change: { currentPassword: string; newPassword: string }): Promise<void> {
      const user = await repository.findUser(actor.userId);
      if (!user) throw errors.credentialRevoked();
      const { passwordHash: verifiedHash } = user;
      const attempt = await attempts.begin({ what: 'password', account: user.id });
      if (!(await passwords.verify(change.currentPassword, verifiedHash))) throw errors.wrongPassword();
      await attempt.succeed();
      if (change.newPassword === change.currentPassword) throw errors.samePassword();
      await policy.requireAcceptable(change.newPassword, { path: 'newPassword', owner: user });
      const passwordHash = await passwords.hash(change.newPassword);
      const now = clock.now();
      await database.commit([
        repository.changePassword(user.id, { verifiedHash, passwordHash, now }),
        requireChange(database, errors.wrongPassword),
        repository.removeOtherSessions(user.id, actor.credential.id),
        // What was asked for before, maybe by somebody else, must not undo this.
        mails.endAll(user.id, { purpose: 'password_reset', now }),
        mails.endAll(user.id, { purpose: 'email_change', now }),
      ]);
      identities.forgetUser(user.id);
    },
  };
}

export type AuthService = ReturnType<typeof createAuthService>;
