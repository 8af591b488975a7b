import { createHostedMailer, type HostedMailOptions } from './hosted-mail.ts';
import { type Mail, MailError, type Mailer } from './mail.ts';

export type HttpMailSettings = {
  url: string;
  /** The header that carries the secret, and its whole value. */
  header: string;
  secret: string;
  /** The sender's address. */
  from: string;
};

const TOO_MANY_REQUESTS = 429;
const REQUEST_TIMEOUT = 408;

type Options = HostedMailOptions & { fetch?: typeof fetch };

/**
 * Mail by any HTTP API that takes `{from, to: [address], subject, text, html}` as JSON, as Resend does and most others
 * can be made to. `Idempotency-Key` keeps a repeated try from being a second mail.
 */
export function createHttpMail({ url, header, secret, from }: HttpMailSettings, options: Options): Mailer {
  const request = options.fetch ?? ((input: string, init: RequestInit) => fetch(input, init));

  const handOver = async ({ id, to, ...content }: Mail): Promise<void> => {
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': id, [header]: secret },
      body: JSON.stringify({ from, to: [to], ...content }),
      // Whoever the service points to has no business with the secret.
      redirect: 'manual',
    }).catch(() => {
      throw new MailError('The mail service cannot be reached.', { isTransient: true });
    });
    await response.body?.cancel();
    if (!response.ok) throw refusal(response.status);
  };

  return createHostedMailer(handOver, options);
}

const refusal = (status: number) =>
  new MailError(`The mail service answered ${status}.`, {
    isTransient: status >= 500 || status === TOO_MANY_REQUESTS || status === REQUEST_TIMEOUT,
  });
