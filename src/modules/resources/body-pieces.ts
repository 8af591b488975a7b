/** A body whose beginning has been looked at, and that still gives all of it. */
export type Peeked = { head: Uint8Array; body: AsyncIterable<Uint8Array> };

/** Looks at the first bytes of a body: at least so many, unless it has fewer. */
export async function peek(body: AsyncIterable<Uint8Array>, bytes: number): Promise<Peeked> {
  const iterator = body[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let seen = 0;
  let isOver = false;
  while (seen < bytes && !isOver) {
    const { done, value } = await iterator.next();
    if (done) isOver = true;
    else {
      first.push(value);
      seen += value.byteLength;
    }
  }
  async function* all() {
    yield* first;
    if (!isOver) yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head: concat(first), body: all() };
}

/** Remembers what passes, as long as it is no more than so many bytes. */
export function remembering(body: AsyncIterable<Uint8Array>, maxBytes: number) {
  let pieces: Uint8Array[] | undefined = [];
  let bytes = 0;
  async function* passing() {
    for await (const piece of body) {
      bytes += piece.byteLength;
      if (bytes > maxBytes) pieces = undefined;
      // The reader may use its buffer again.
      pieces?.push(piece.slice());
      yield piece;
    }
  }
  return {
    body: passing(),
    /** All that has passed; undefined when it was too much to be kept. */
    bytes: (): Uint8Array | undefined => pieces && concat(pieces),
  };
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
