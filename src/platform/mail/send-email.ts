import { createHostedMailer, type HostedMailOptions } from './hosted-mail.ts';
import { type Mail, MailError, type Mailer } from './mail.ts';

/** The part of a `send_email` binding that is used. */
export type SendEmailBinding = { send(mail: Omit<Mail, 'id'> & { from: string }): Promise<unknown> };

/** Codes of refusals that the same mail would meet again. */
const PERMANENT = /INVALID|VALIDATION|NOT_VERIFIED|NOT_ALLOWED|SUPPRESSED|DISABLED|TOO_LARGE|HEADER|FIELD|FORBIDDEN/;
const CODE = /^E_[A-Z_]{1,60}$/;

/** Mail by Cloudflare's `send_email` binding. */
export function createSendEmail(
  binding: SendEmailBinding,
  { from, ...options }: HostedMailOptions & { from: string },
): Mailer {
  const handOver = async ({ to, subject, text, html }: Mail): Promise<void> => {
    await binding.send({ from, to, subject, text, html }).catch((error: unknown) => {
      throw refusal(error);
    });
  };
  return createHostedMailer(handOver, options);
}

/** Of the binding's errors only the code is kept: their messages quote addresses. */
function refusal(error: unknown): MailError {
  const given = error instanceof Error && 'code' in error ? String(error.code) : '';
  const code = CODE.test(given) ? given : 'no code';
  return new MailError(`The mail binding refused (${code}).`, { isTransient: !PERMANENT.test(code) });
}
