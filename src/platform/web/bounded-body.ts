import { TimeoutError, withTimeout } from '../../shared/attempts.ts';
import { readTextAtMost } from '../../shared/bounded-body.ts';
import { WebError } from './web.ts';

export type BodyLimits = {
  maxBytes: number;
  /** When it must have come to its end, as `now` tells the time. */
  endsAt: number;
  /** How long nothing may come. */
  idleMs: number;
  now: () => number;
};

/**
 * The bytes of an answer as they arrive, decompressed, and never more of them or for longer than allowed: whoever sends
 * gigabytes of zeros in a kilobyte, or a byte a second, is left.
 * @throws WebError
 */
export async function* boundedBody(
  body: ReadableStream<Uint8Array> | null,
  { maxBytes, endsAt, idleMs, now }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = body.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await withTimeout(reader.read(), Math.max(1, Math.min(idleMs, endsAt - now())));
      if (done) return;
      bytes += value.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield value;
    }
  } catch (error) {
    throw readingFailed(error);
  } finally {
    // Not waited for: who sends nothing may not end either.
    reader.cancel().catch(() => {});
  }
}

export const tooLarge = (maxBytes: number) =>
  new WebError('too_large', `It has more than the ${maxBytes} bytes that are fetched at most.`);

export const timedOut = () => new WebError('timed_out', 'The site took too long to answer.', { isTransient: true });

function readingFailed(error: unknown): WebError {
  if (error instanceof WebError) return error;
  if (error instanceof TimeoutError) return timedOut();
  return new WebError('broken_off', 'The answer of the site broke off.', { isTransient: true });
}

/** A small answer as text. @throws Error when it is not small. */
export async function boundedText({ body }: Response, maxBytes: number): Promise<string> {
  const text = await readTextAtMost(body, maxBytes);
  if (text === undefined) throw new Error('The answer is too long.');
  return text;
}
