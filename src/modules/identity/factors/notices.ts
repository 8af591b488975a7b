import type { Ids } from '../../../platform/ids.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { Mailer } from '../../../platform/mail/mail.ts';
import type { User } from '../identity.table.ts';
import type { MailContent } from '../mails/layout.ts';
import type { Verifications } from '../verifications.ts';

export type NoticeDeps = { mailer: Mailer; ids: Ids; logger: Logger; verifications: Verifications };

/** Mails that tell owners what has happened to their account. They carry no token, so a lost one is only a lost one. */
export function createNotices({ mailer, ids, logger, verifications }: NoticeDeps) {
  /** Mails it after the answer. */
  return (user: Pick<User, 'id' | 'email'>, compose: () => MailContent | Promise<MailContent>): void =>
    verifications.inBackground(async () => {
      try {
        await mailer.send({ id: ids.next(), to: user.email, ...(await compose()) });
      } catch (error) {
        logger.error('mail.failed', error, { userId: user.id });
      }
    });
}
