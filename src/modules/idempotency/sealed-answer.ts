import { z } from 'zod';

/** An answer as it is given again. */
const answerSchema = z.object({ status: z.number(), headers: z.record(z.string(), z.string()), body: z.string() });

export type Answer = z.output<typeof answerSchema>;

/** Who asked, and with which key: what opens a sealed answer. */
export type Opener = { ownerId: string; key: string };

const NONCE_BYTES = 12;

/**
 * Encrypts an answer (AES-256-GCM) under the idempotency key that its client chose. The key is not stored, so what the
 * answer tells of somebody's library cannot be read from the database, also not after it has been deleted there.
 */
export async function sealAnswer(answer: Answer, opener: Opener): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const text = new TextEncoder().encode(JSON.stringify(answer));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await keyOf(opener), text);
  return `${iv.toBase64()}.${new Uint8Array(sealed).toBase64()}`;
}

/** The answer back, whole. */
export async function openAnswer(sealed: string, opener: Opener): Promise<Answer> {
  const [iv = '', text = ''] = sealed.split('.').map((part) => Uint8Array.fromBase64(part));
  if (typeof iv === 'string' || typeof text === 'string') throw new Error('The stored answer is not whole.');
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await keyOf(opener), text);
  return answerSchema.parse(JSON.parse(new TextDecoder().decode(plain)));
}

async function keyOf({ ownerId, key }: Opener): Promise<CryptoKey> {
  const secret = new TextEncoder().encode(`commonplace answer\n${ownerId}\n${key}`);
  const digest = await crypto.subtle.digest('SHA-256', secret);
  return crypto.subtle.importKey('raw', digest, 'AES-GCM', false, ['encrypt', 'decrypt']);
}
