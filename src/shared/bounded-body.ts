/** A stream's bytes in memory; undefined when there are more than this. No more than that is ever read. */
export async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of body ?? []) {
    total += part.byteLength;
    // Leaving the loop cancels the stream.
    if (total > maxBytes) return undefined;
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** The same as text in UTF-8. */
export async function readTextAtMost(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<string | undefined> {
  const bytes = await readAtMost(body, maxBytes);
  return bytes && new TextDecoder().decode(bytes);
}
