import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChecksum } from '../../src/modules/uploads/checksum.ts';
import { describedFile, parseTusMetadata } from '../../src/modules/uploads/tus-metadata.ts';
import { createPartBuffer } from '../../src/platform/files/part-buffer.ts';
import { AppError } from '../../src/shared/app-error.ts';

/** What a parser makes of a header, or the kind of its refusal. */
function outcomeOf<T>(parse: () => T): T | string {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AppError) return error.kind;
    throw error;
  }
}

const key = fc.stringMatching(/^[a-z-]{1,12}$/).filter((name) => name !== '__proto__');
const pairs = fc.dictionary(
  key,
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.toWellFormed()),
);

describe('metadata', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const written = Object.entries(given).map(
          ([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`,
        );
        const read = parseTusMetadata(written.join(','));
        // A byte order mark is no part of a text.
        const expected = Object.entries(given).map(([name, value]) => [name, value.replace(/^\ufeff/, '')]);
        expect(read).toEqual(Object.fromEntries(expected));
      }),
    );
  });

  it('of any kind is read or refused', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom(' ', ',', '=', 'YQ==', 'YWE', 'a', '/w=='));
    const header = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(header, (text) => {
        const outcome = outcomeOf(() => parseTusMetadata(text));
        expect(typeof outcome === 'object' || outcome === 'invalid_fields').toBe(true);
      }),
    );
  });

  it.each([
    ['', {}],
    ['isDraft', { isDraft: '' }],
    ['filename bGVhc2U=,isDraft ', { filename: 'lease', isDraft: '' }],
    ['filename bGVhc2U= , title w6Q=', { filename: 'lease', title: 'ä' }],
    ['filename bGVhc2U', 'invalid_fields'],
    ['filename bGVhc2U_', 'invalid_fields'],
    ['filename a b', 'invalid_fields'],
    [',', 'invalid_fields'],
    ['ä YQ==', 'invalid_fields'],
    ['a YQ==,a YQ==', 'invalid_fields'],
  ])('%j is %j', (header, expected) => {
    expect(outcomeOf(() => parseTusMetadata(header))).toEqual(expected);
  });

  it('names the file as forms do, also by the names that clients have for that', () => {
    const written = (given: Record<string, string>) =>
      Object.entries(given)
        .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
        .join(',');
    expect(describedFile(written({ filename: '../a.md', filetype: 'text/markdown', title: 'A' }))).toEqual({
      filename: 'a.md',
      mediaType: 'text/markdown',
      fields: { title: 'A' },
    });
    expect(describedFile(written({ name: 'b.md', type: 'Text/Markdown', relativePath: 'x/b.md' }))).toEqual({
      filename: 'b.md',
      mediaType: 'text/markdown',
      fields: {},
    });
    expect(describedFile('')).toEqual({ filename: 'unnamed', mediaType: 'application/octet-stream', fields: {} });
  });
});

describe('a checksum', () => {
  const digestOf = (algorithm: string, bytes: Uint8Array): Buffer => {
    if (algorithm !== 'crc32') return createHash(algorithm).update(bytes).digest();
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum;
  };

  it('matches the bytes that it is of, in whatever pieces, and no others', () => {
    const algorithm = fc.constantFrom('sha1', 'sha256', 'crc32');
    fc.assert(
      fc.property(algorithm, fc.array(fc.uint8Array({ maxLength: 50 })), fc.nat(49), (name, pieces, bent) => {
        const whole = Buffer.concat(pieces);
        const checksum = () => parseChecksum(`${name} ${digestOf(name, whole).toString('base64')}`);
        const right = checksum();
        for (const piece of pieces) right.update(piece);
        expect(right.matches()).toBe(true);
        const other = Buffer.concat([whole, Buffer.of(bent)]);
        const wrong = checksum();
        wrong.update(other);
        expect(wrong.matches()).toBe(false);
      }),
    );
  });

  it('of any kind is read or refused', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const outcome = outcomeOf(() => parseChecksum(text));
        expect(typeof outcome === 'object' || outcome === 'malformed').toBe(true);
      }),
    );
  });
});

describe('a buffer of one part', () => {
  it('gives back all bytes in order, in parts of one size and a rest', () => {
    const sizes = fc.integer({ min: 1, max: 300_000 });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(200_000), { maxLength: 8 }), (partBytes, lengths) => {
        const buffer = createPartBuffer(partBytes);
        const parts: Buffer[] = [];
        const given: Buffer[] = [];
        for (const [at, length] of lengths.entries()) {
          const piece = Buffer.alloc(length, at + 1);
          given.push(piece);
          for (let left: Uint8Array = piece; left.length > 0; ) {
            left = buffer.take(left);
            if (!buffer.isFull()) continue;
            parts.push(Buffer.from(buffer.contents()));
            buffer.clear();
          }
        }
        expect(parts.every((part) => part.length === partBytes)).toBe(true);
        expect(buffer.size()).toBeLessThan(partBytes);
        expect(Buffer.concat([...parts, buffer.contents()]).equals(Buffer.concat(given))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
