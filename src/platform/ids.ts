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
      return uuidOf(clock.now(), crypto.getRandomValues(new Uint8Array(16)));
    },
  };
}

/** The UUIDv7 of that millisecond with these 16 bytes for random ones, of which 74 bits count. */
export function uuidOf(milliseconds: number, random: Uint8Array): string {
  const bytes = random.slice(0, 16);
  let rest = milliseconds;
  for (let i = TIMESTAMP_BYTES - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toHex();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
