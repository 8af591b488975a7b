import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import { type Attempts, MAILED } from '../../limit-objects/attempts.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import { type Mail, MailError, type Mailer } from '../../platform/mail/mail.ts';
import { AppError } from '../../shared/app-error.ts';
import type { AuditService } from '../audit/audit.service.ts';
import * as errors from './identity.errors.ts';
import type { User } from './identity.table.ts';
import { emailKey } from './login-keys.ts';
import { changeEmailMail } from './mails/change-email.ts';
import { invitationMail } from './mails/invitation.ts';
import type { MailContent } from './mails/layout.ts';
import { resetPasswordMail } from './mails/reset-password.ts';
import { resetRequiredMail } from './mails/reset-required.ts';
import { verifyEmailMail } from './mails/verify-email.ts';
import { issueToken } from './tokens.ts';
import { createVerificationsRepository, type Purpose, type Reason } from './verifications.repository.ts';

type Settings = 'PUBLIC_URL' | 'EMAIL_VERIFICATION_SECONDS' | 'PASSWORD_RESET_SECONDS' | 'INVITATION_SECONDS';

export type VerificationDeps = {
  database: Database;
  config: Pick<Config, Settings>;
  clock: Clock;
  ids: Ids;
  mailer: Mailer;
  logger: Logger;
  waitUntil: (work: Promise<unknown>) => void;
  audit: AuditService;
  attempts: Pick<Attempts, 'begin'>;
};

type Addressee = Pick<User, 'id' | 'email' | 'username'>;

/** What a token is for, and why it was mailed where that is not the usual reason. */
type Occasion = { purpose: Purpose; reason: Reason };
type NewToken = { purpose: Purpose; reason?: Reason; now: number };

const RESET_MAILS = { wanted: resetPasswordMail, forced: resetRequiredMail, invitation: invitationMail };

/** A token that is being mailed: commit the row, then deliver. */
export type Issued = { insert: Statement; deliver: () => Promise<void> };

/** `id` is the token's, `mailId` names this try: a mail with a newer token is another mail. */
type Delivery = Pick<Mail, 'id' | 'to'> & { ownerId: string; mailId: string; content: MailContent };

/** A mail is tried again 1, 2, 4, 8 and 16 minutes after it was asked for. */
const MAX_SWEEP_ATTEMPTS = 5;
const MAILS_PER_SWEEP = 10;
/** Mails for one purpose that a user can have sent, and an address gets, in an hour: nobody's mailbox can be flooded. */
const MAX_PER_HOUR = 5;
const HOUR_MS = 60 * 60 * 1000;
/** What has expired is still counted for a while; then it goes. */
const KEPT_AFTER_EXPIRY_MS = 24 * HOUR_MS;

/**
 * Tokens that prove who reads an account's mail. Only their hashes are stored, so a mail that could not be handed over
 * is tried again with a new token. What is committed is handed over at least once, or tried six times within half an hour.
 */
export function createVerifications({
  database,
  config,
  clock,
  ids,
  mailer,
  logger,
  waitUntil,
  audit,
  attempts,
}: VerificationDeps) {
  const repository = createVerificationsRepository(database);

  const secondsOf = ({ purpose, reason }: Occasion) => {
    if (reason === 'invitation') return config.INVITATION_SECONDS;
    return purpose === 'password_reset' ? config.PASSWORD_RESET_SECONDS : config.EMAIL_VERIFICATION_SECONDS;
  };

  const compose = { email_verification: verifyEmailMail, email_change: changeEmailMail };

  /** The token stands behind the #, which browsers send to nobody: no log and no `Referer` has it. */
  const contentOf = (occasion: Occasion, { username, token }: { username: string; token: string }): MailContent => {
    const facts = { username, lifetimeSeconds: secondsOf(occasion) };
    return occasion.purpose === 'password_reset'
      ? RESET_MAILS[occasion.reason ?? 'wanted']({
          ...facts,
          url: `${config.PUBLIC_URL}/docs/reset-password/#token=${token}`,
        })
      : compose[occasion.purpose]({ ...facts, url: `${config.PUBLIC_URL}/docs/verify-email/#token=${token}` });
  };

  const deliver = async ({ id, mailId, to, ownerId, content }: Delivery): Promise<void> => {
    try {
      await mailer.send({ id: mailId, to, ...content });
      await repository.markSent(ownerId, { id, now: clock.now() });
    } catch (error) {
      logger.error('mail.failed', error, { verificationId: id, userId: ownerId });
      const isHopeless = error instanceof MailError && !error.isTransient;
      if (isHopeless) await repository.giveUp(ownerId, { id, attempts: MAX_SWEEP_ATTEMPTS });
    }
  };

  const issue = (user: Addressee, { purpose, reason = null, now }: NewToken): Issued => {
    const { token, hash: tokenHash } = issueToken(purpose);
    const id = ids.next();
    const expiresAt = now + secondsOf({ purpose, reason }) * 1000;
    const row = { id, ownerId: user.id, purpose, reason, tokenHash, email: user.email, expiresAt, createdAt: now };
    const content = contentOf({ purpose, reason }, { username: user.username, token });
    return {
      insert: repository.insert(row),
      deliver: () => deliver({ id, mailId: id, to: user.email, ownerId: user.id, content }),
    };
  };

  /**
   * Counts a mail that somebody who may be anybody wants sent, so that no mailbox is flooded by accounts that are made and
   * deleted with its address. @throws too_many_mails
   */
  const requireMailbox = async (email: string): Promise<void> => {
    try {
      await attempts.begin({ what: MAILED, account: JSON.stringify({ emailKey: emailKey(email) }) });
    } catch (error) {
      const isRefused = error instanceof AppError && error.kind === 'rate_limited';
      throw isRefused ? errors.tooManyMails() : error;
    }
  };

  return {
    requireMailbox,

    /** A mail that is committed with something else, such as a user who is being made. */
    issue,

    /** Ends what was mailed to the user for the purpose before. */
    endAll: repository.endAll,

    /**
     * Makes a token, ends the older ones for the purpose, and mails it.
     * @throws the refusal when the user, or the address, has had too many in the last hour, or that of a guard.
     */
    async request(
      user: Addressee,
      { purpose, refusal, guards = [] }: { purpose: Purpose; refusal: () => Error; guards?: Statement[] },
    ): Promise<Pick<Issued, 'deliver'>> {
      await requireMailbox(user.email);
      const now = clock.now();
      const { insert, deliver: deliverIt } = issue(user, { purpose, now });
      const bound = { purpose, since: now - HOUR_MS, limit: MAX_PER_HOUR, refusal };
      await database.commit([
        ...guards,
        repository.requireFewer(user, bound),
        repository.endAll(user.id, { purpose, now }),
        insert,
      ]);
      return { deliver: deliverIt };
    },

    /** Work that no answer waits for, and no failure reaches. */
    inBackground(work: () => Promise<void>): void {
      waitUntil(work().catch((error: unknown) => logger.error('verification.failed', error)));
    },

    /** Tries mails again that were lost with their worker, or that the mail service did not take. @returns how many. */
    async resendUnsent(): Promise<number> {
      const now = clock.now();
      const unsent = await repository.findUnsent({ now, maxAttempts: MAX_SWEEP_ATTEMPTS, limit: MAILS_PER_SWEEP });
      for (const { id, ownerId, purpose, reason, email, attempts, username } of unsent) {
        const { token, hash: tokenHash } = issueToken(purpose);
        const expiresAt = clock.now() + secondsOf({ purpose, reason }) * 1000;
        if (!(await repository.renew(ownerId, { id, attempts, tokenHash, expiresAt, now: clock.now() }))) continue;
        const content = contentOf({ purpose, reason }, { username, token });
        await deliver({ id, mailId: `${id}-${attempts + 1}`, to: email, ownerId, content });
      }
      return unsent.length;
    },

    /** Removes tokens that expired a day ago. @returns how many. */
    removeExpired(): Promise<number> {
      const entry = audit.ofJob({ action: 'sweep.expiredTokens', countingChanges: 'removed' });
      return repository.removeExpired(clock.now() - KEPT_AFTER_EXPIRY_MS, entry);
    },
  };
}

export type Verifications = ReturnType<typeof createVerifications>;
