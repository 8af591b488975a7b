/** The body broke off: its sender has gone, or the line. */
export class BrokenOffError extends Error {
  override readonly name = 'BrokenOffError';
}

/** A body's bytes as they arrive; what is not wanted any more is not read. @throws BrokenOffError */
export async function* arriving(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = body.getReader();
  const next = () =>
    reader.read().catch((cause: unknown) => {
      throw new BrokenOffError('The body broke off.', { cause });
    });
  try {
    for (let piece = await next(); !piece.done; piece = await next()) yield piece.value;
  } finally {
    await reader.cancel().catch(() => {});
  }
}
