import type { SearchPlace } from '../../index-object/index.types.ts';
import { InvalidCursorError } from '../../shared/page.ts';

/**
 * Cursors of searches: opaque to callers, and all that there is of a walk. Bytes: what they belong to, how the walk began,
 * then what it has shown, sorted, in differences of seven bits a byte.
 */
const FINGERPRINT_BYTES = 12;

/** Nobody pages deeper than this. */
export const MAX_SHOWN = 1_000;
/** Pages of 200 from any place before that. */
const MOST_SHOWN = MAX_SHOWN + 200;
/** A thousand passages spread over a hundred million documents. */
export const MAX_CURSOR_CHARACTERS = 12_000;

const BASE64 = { alphabet: 'base64url', omitPadding: true } as const;

/** Tells one search of one owner from all others. The order of an object's fields does not matter. */
export async function fingerprintOf(ownerId: string, search: Record<string, unknown>): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(JSON.stringify([ownerId, inOrder(search)]));
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).slice(0, FINGERPRINT_BYTES);
}

export function encodePlace({ newest, widened, shown }: SearchPlace, fingerprint: Uint8Array): string {
  const bytes = [...fingerprint, widened ? 1 : 0];
  const put = (value: number): void => {
    let left = value;
    for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
    bytes.push(left);
  };
  put(newest);
  put(shown.length);
  let [document, ordinal] = [0, 0];
  for (const [nextDocument, nextOrdinal] of shown.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) {
    put(nextDocument - document);
    put(nextDocument === document ? nextOrdinal - ordinal : nextOrdinal);
    [document, ordinal] = [nextDocument, nextOrdinal];
  }
  return Uint8Array.from(bytes).toBase64(BASE64);
}

/** @throws InvalidCursorError for anything that this search of this owner did not give. */
export function decodePlace(cursor: string, fingerprint: Uint8Array): SearchPlace {
  const bytes = bytesOf(cursor);
  const isOwn = bytes.length > FINGERPRINT_BYTES && fingerprint.every((byte, index) => bytes[index] === byte);
  if (!isOwn) {
    throw new InvalidCursorError(
      'It is not the cursor of this search: query, mode, filters and order must stay as they were.',
    );
  }
  let at = FINGERPRINT_BYTES;
  const take = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 42) throw broken();
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  const widened = take() === 1;
  const newest = take();
  const count = take();
  if (count > MOST_SHOWN) throw broken();
  let [document, ordinal] = [0, 0];
  const shown = Array.from({ length: count }, (): [number, number] => {
    const step = take();
    ordinal = step === 0 ? ordinal + take() : take();
    document += step;
    return [document, ordinal];
  });
  if (at !== bytes.length) throw broken();
  return { newest, widened, shown };
}

const broken = () => new InvalidCursorError('The cursor is not one that a search gave.');

function bytesOf(cursor: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(cursor, { alphabet: 'base64url' });
  } catch {
    throw broken();
  }
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, inOrder(inner)]),
  );
}
