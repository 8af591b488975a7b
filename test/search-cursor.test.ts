import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SearchPlace } from '../src/index-object/index.types.ts';
import {
  decodePlace,
  encodePlace,
  fingerprintOf,
  MAX_CURSOR_CHARACTERS,
  MAX_SHOWN,
} from '../src/modules/search/search-cursor.ts';
import { InvalidCursorError } from '../src/shared/page.ts';

const search = { q: 'heron', mode: 'keyword', filter: { all: [] } };

const place: fc.Arbitrary<SearchPlace> = fc.record({
  newest: fc.nat(),
  widened: fc.boolean(),
  shown: fc.uniqueArray(fc.tuple(fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 50_000 })), {
    maxLength: 60,
    selector: String,
  }),
});

it('carries where a walk is', async () => {
  const fingerprint = await fingerprintOf('owner', search);
  fc.assert(
    fc.property(place, (given) => {
      const shown = given.shown.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
      expect(decodePlace(encodePlace(given, fingerprint), fingerprint)).toEqual({ ...given, shown });
    }),
  );
});

it('is short however deep somebody has gone', async () => {
  const fingerprint = await fingerprintOf('owner', search);
  const spread = (step: number) =>
    Array.from({ length: MAX_SHOWN - 1 }, (_, i): [number, number] => [i * step, (i * 7_919) % 20_000]);
  const lengthAt = (step: number) =>
    encodePlace({ newest: 2 ** 31, widened: true, shown: spread(step) }, fingerprint).length;
  expect(lengthAt(10)).toBeLessThan(6_000);
  expect(lengthAt(100_000)).toBeLessThan(MAX_CURSOR_CHARACTERS);
});

it('is refused by every other search and owner, and when it was tampered with', async () => {
  const fingerprint = await fingerprintOf('owner', search);
  const cursor = encodePlace(
    {
      newest: 9,
      widened: false,
      shown: [
        [1, 2],
        [300, 4],
      ],
    },
    fingerprint,
  );
  const same = await fingerprintOf('owner', { filter: { all: [] }, mode: 'keyword', q: 'heron', order: undefined });
  expect(decodePlace(cursor, same)).toMatchObject({ newest: 9 });
  const others = [fingerprintOf('other', search), fingerprintOf('owner', { ...search, q: 'herons' })];
  for (const other of await Promise.all(others)) expect(() => decodePlace(cursor, other)).toThrow(InvalidCursorError);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (noise, isPrefixed) => {
      const bytes = isPrefixed ? [...fingerprint, ...noise] : noise;
      const forged = Uint8Array.from(bytes).toBase64({ alphabet: 'base64url', omitPadding: true });
      try {
        expect(decodePlace(forged, fingerprint).shown.length).toBeLessThanOrEqual(noise.length);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidCursorError);
      }
    }),
  );
});
