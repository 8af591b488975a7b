import { call } from './app.ts';

export type SentMail = { id: string; to: string; subject: string; text: string; html: string; sentAt: string };

/** Mails to an address, newest first. */
export async function mailsTo(address: string): Promise<SentMail[]> {
  const { body } = await call<{ items: SentMail[] }>('/v1/dev/outbox?limit=100');
  return body.items.filter(({ to }) => to === address);
}

/** The token in the newest mail to an address that has one of the kind. */
export async function mailedToken(address: string, kind: 'cpv_' | 'cpw_' | 'cpm_'): Promise<string> {
  const pattern = new RegExp(`#token=(${kind}[\\w-]{43})$`, 'm');
  for (const { text } of await mailsTo(address)) {
    const token = pattern.exec(text)?.[1];
    if (token !== undefined) return token;
  }
  throw new Error(`No mail to ${address} has a token that begins with ${kind}.`);
}
