import type { Config } from '../../config.ts';
import { requireChange } from '../../db/sql.ts';
import type { KeyRing } from '../../platform/secrets/key-ring.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { IdentityCache } from './identity-cache.ts';
import { emailKey, loginObject } from './login-keys.ts';
import { passwordChangedMail } from './mails/password-changed.ts';
import { createPasswords } from './password.ts';
import { createPasswordPolicy } from './password-policy.ts';
import { parseToken } from './tokens.ts';
import { createVerificationsRepository } from './verifications.repository.ts';
import type { VerificationDeps, Verifications } from './verifications.ts';

type Deps = VerificationDeps & {
  config: Pick<Config, 'SCRYPT_COST_LOG2' | 'PASSWORD_MIN_SCORE'>;
  identities: IdentityCache;
  verifications: Verifications;
  keyRing: KeyRing;
};

const purpose = 'password_reset';

/** The look-up begins when the answer is on its way, so that neither its time nor its cost can be read from that. */
const AFTER_ANSWER_MS = 20;

/** A new password for somebody who has lost theirs, by a token mailed to the account's address. */
export function createPasswordResetService(deps: Deps) {
  const { database, config, clock, ids, identities, mailer, logger, verifications, audit } = deps;
  const identity = createIdentityRepository(database);
  const repository = createVerificationsRepository(database);
  const passwords = createPasswords({ costLog2: config.SCRYPT_COST_LOG2 });
  const policy = createPasswordPolicy(config);

  const sendToken = async (email: string): Promise<void> => {
    await clock.sleep(AFTER_ANSWER_MS);
    const key = { emailKey: emailKey(email) };
    audit.about(await loginObject(deps.keyRing, key));
    const user = await identity.findUserByLogin(key);
    if (user) audit.about({ type: 'user', id: user.id });
    if (user?.status !== 'active') return;
    const { deliver } = await verifications.request(user, { purpose, refusal: errors.tooManyMails });
    await deliver();
  };

  const confirm = async (user: { id: string; email: string; username: string }): Promise<void> => {
    try {
      await mailer.send({ id: ids.next(), to: user.email, ...passwordChangedMail(user) });
    } catch (error) {
      logger.error('mail.failed', error, { userId: user.id });
    }
  };

  return {
    /** Mails a token if there is such an account. The caller learns nothing: everything happens after the answer. */
    requestReset: (email: string): void =>
      verifications.inBackground(() =>
        audit
          .later(() => sendToken(email))
          .catch((error: unknown) => {
            if (!errors.isTooManyMails(error)) throw error;
          }),
      ),

    /**
     * Sets a new password by a mailed token, once. Ends every session; API keys, which are no part of what the password
     * protects, stay if the address was verified before. A password that is refused does not use the token up.
     */
    async reset({ token, newPassword }: { token: string; newPassword: string }): Promise<void> {
      const parsed = parseToken(token);
      if (parsed?.kind !== purpose) throw errors.invalidMailedToken();
      const { hash } = parsed;
      const user = await repository.findOwner(hash, { purpose, now: clock.now() });
      if (!user) throw errors.invalidMailedToken();
      audit.about({ type: 'user', id: user.id });
      await policy.requireAcceptable(newPassword, { path: 'newPassword', owner: user });
      const passwordHash = await passwords.hash(newPassword);
      const now = clock.now();
      await database.commit([
        repository.use(hash, { purpose, now }),
        requireChange(database, errors.invalidMailedToken),
        repository.setPassword(user.id, passwordHash),
        // Who had the address verified by nobody may have been somebody else: no way in of theirs may stay,
        // nor anything that keeps its owner out.
        ...repository.removeWaysInOfUnverified(user.id),
        repository.confirmEmail(hash, { purpose, now }),
        repository.removeSessions(user.id),
        repository.endAll(user.id, { purpose, now }),
        repository.endAll(user.id, { purpose: 'email_change', now }),
      ]);
      identities.forgetUser(user.id);
      verifications.inBackground(() => confirm(user));
    },
  };
}

export type PasswordResetService = ReturnType<typeof createPasswordResetService>;
