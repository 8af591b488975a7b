import type { Clock } from './clock.ts';

export type Ids = {
  /** A new UUIDv7 (RFC 9562): sorts by creation time. */
  next(): string;
};

const TIMESTAMP_BYTES = 6;

/** UUIDv7 from the clock's milliseconds and 74 random bits. */
export function createIds(clock: Clock): Ids {
  return {
    next() {
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      let milliseconds = clock.now();
      for (let i = TIMESTAMP_BYTES - 1; i >= 0; i--) {
        bytes[i] = milliseconds % 256;
        milliseconds = Math.floor(milliseconds / 256);
      }
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
      const hex = bytes.toHex();
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    },
  };
}
