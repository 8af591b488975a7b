import type { Config } from '../../config.ts';
import type { Attempts } from '../../limit-objects/attempts.ts';
import type { Actor } from '../../shared/actor.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { User } from './identity.table.ts';
import { emailKey } from './login-keys.ts';
import { emailChangeAskedMail } from './mails/email-change-asked.ts';
import { createPasswords } from './password.ts';
import { createProfilesRepository } from './profiles.repository.ts';
import type { VerificationDeps, Verifications } from './verifications.ts';

type Deps = VerificationDeps & {
  config: Pick<Config, 'SCRYPT_COST_LOG2'>;
  attempts: Attempts;
  verifications: Verifications;
};

const purpose = 'email_change';

/** Another address for an account: asked for with the password, in effect when a token mailed there comes back. */
export function createEmailChangeService(deps: Deps) {
  const { database, config, ids, mailer, logger, attempts, verifications } = deps;
  const identity = createIdentityRepository(database);
  const profiles = createProfilesRepository(database);
  const passwords = createPasswords({ costLog2: config.SCRYPT_COST_LOG2 });

  const warn = async (user: User, newEmail: string): Promise<void> => {
    try {
      await mailer.send({ id: ids.next(), to: user.email, ...emailChangeAskedMail({ ...user, newEmail }) });
    } catch (error) {
      logger.error('mail.failed', error, { userId: user.id });
    }
  };

  return {
    /**
     * Mails a token to the new address and a notice to the present one. An older request ends.
     * @throws email_taken when another account has the address now; whoever confirms first gets it.
     */
    async request(actor: Actor, { email, password }: { email: string; password: string }): Promise<void> {
      const user = await identity.findUser(actor.userId);
      if (!user) throw errors.credentialRevoked();
      const { passwordHash: verifiedHash } = user;
      const attempt = await attempts.begin({ what: 'password', account: user.id });
      if (!(await passwords.verify(password, verifiedHash))) throw errors.wrongPassword('password');
      await attempt.succeed();
      if (email === user.email) throw errors.sameEmail();
      const refusal = () => errors.wrongPassword('password');
      const guards = [
        profiles.requirePassword(user.id, { verifiedHash, refusal }),
        profiles.requireFreeEmail(user.id, { emailKey: emailKey(email), refusal: errors.emailTaken }),
      ];
      const mail = { purpose, refusal: errors.tooManyMails, guards } as const;
      const { deliver } = await verifications.request({ ...user, email }, mail);
      verifications.inBackground(deliver);
      verifications.inBackground(() => warn(user, email));
    },
  };
}

export type EmailChangeService = ReturnType<typeof createEmailChangeService>;
