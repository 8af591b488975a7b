const FIRST_BYTES = 64 * 1024;

/** Collects bytes up to the size of one part. Grows only as far as small files need. */
export function createPartBuffer(partBytes: number) {
  let buffer = new Uint8Array(Math.min(FIRST_BYTES, partBytes));
  let filled = 0;

  const reserve = (bytes: number) => {
    if (filled + bytes <= buffer.byteLength) return;
    const grown = new Uint8Array(Math.min(partBytes, Math.max(buffer.byteLength * 2, filled + bytes)));
    grown.set(buffer.subarray(0, filled));
    buffer = grown;
  };

  return {
    /** Takes as much as fits. @returns what did not. */
    take(bytes: Uint8Array): Uint8Array {
      const taken = Math.min(bytes.byteLength, partBytes - filled);
      reserve(taken);
      buffer.set(bytes.subarray(0, taken), filled);
      filled += taken;
      return bytes.subarray(taken);
    },
    size: () => filled,
    isFull: () => filled === partBytes,
    /** The bytes so far, until the next ones are taken. */
    contents: () => buffer.subarray(0, filled),
    clear() {
      filled = 0;
    },
  };
}

export type PartBuffer = ReturnType<typeof createPartBuffer>;
