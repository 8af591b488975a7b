import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { badChecksum, unknownAlgorithm } from './uploads.errors.ts';

/** Computes a digest while bytes go by. */
type Digest = { update(bytes: Uint8Array): void; end(): Buffer };

function hash(algorithm: string): Digest {
  const state = createHash(algorithm);
  return { update: (bytes) => void state.update(bytes), end: () => state.digest() };
}

/** Its four bytes, the most significant first. */
function cyclic(): Digest {
  let sum = 0;
  return {
    update(bytes) {
      sum = crc32(bytes, sum);
    },
    end() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(sum);
      return bytes;
    },
  };
}

const DIGESTS = {
  sha1: { bytes: 20, begin: () => hash('sha1') },
  sha256: { bytes: 32, begin: () => hash('sha256') },
  crc32: { bytes: 4, begin: cyclic },
};

export const CHECKSUM_ALGORITHMS = Object.keys(DIGESTS);

const DIGEST_BY_NAME: Record<string, (typeof DIGESTS)['sha1']> = DIGESTS;

/** What the bytes of one request must add up to. */
export type Checksum = { update(bytes: Uint8Array): void /** Asked once, at the end. */; matches(): boolean };

/**
 * From the header `Upload-Checksum` (tus 1.0.0, Checksum): an algorithm and the digest in Base64.
 * @throws AppError malformed
 */
export function parseChecksum(header: string): Checksum {
  const [algorithm = '', value = '', ...rest] = header.trim().split(' ');
  const kind = Object.hasOwn(DIGEST_BY_NAME, algorithm) ? DIGEST_BY_NAME[algorithm] : undefined;
  if (!kind) throw unknownAlgorithm(CHECKSUM_ALGORITHMS);
  const expected = Buffer.from(value, 'base64');
  const isWhole = expected.byteLength === kind.bytes && expected.toString('base64') === value;
  if (!isWhole || rest.length > 0) throw badChecksum();
  const digest = kind.begin();
  return { update: digest.update, matches: () => digest.end().equals(expected) };
}
