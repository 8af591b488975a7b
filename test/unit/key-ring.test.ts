import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyRing, type RingKey } from '../../src/platform/secrets/key-ring.ts';

const keyOf = (id: string): RingKey => ({ id, bytes: crypto.getRandomValues(new Uint8Array(32)) });

describe('the key ring', () => {
  const old = keyOf('2025');
  const ring = createKeyRing([old]);

  it('gives back any text that it has sealed, and seals the same text differently each time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string(), async (text, context) => {
        const sealed = await ring.seal(text, context);
        expect(await ring.open(sealed, context)).toEqual({ text, isOutdated: false });
        expect(await ring.seal(text, context)).not.toBe(sealed);
      }),
      { numRuns: 50 },
    );
  });

  it('opens nothing that was moved or changed', async () => {
    const sealed = await ring.seal('a secret', 'row/1');
    await expect(ring.open(sealed, 'row/2')).rejects.toThrow();
    const [id, iv, text = ''] = sealed.split('.');
    const changed = `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
    await expect(ring.open([id, iv, changed].join('.'), 'row/1')).rejects.toThrow();
  });

  it('opens what older keys have sealed, says so, and seals with the newest', async () => {
    const rotated = createKeyRing([keyOf('2026'), old]);
    const sealed = await ring.seal('a secret', 'row/1');
    expect(await rotated.open(sealed, 'row/1')).toEqual({ text: 'a secret', isOutdated: true });
    const again = await rotated.seal('a secret', 'row/1');
    expect(again.startsWith('2026.')).toBe(true);
    await expect(ring.open(again, 'row/1')).rejects.toThrow(/ENCRYPTION_KEYS/);
  });

  it('gives equal values equal fingerprints, by purpose and key', async () => {
    const fingerprint = await ring.fingerprint('203.0.113.7', 'address');
    expect(fingerprint).toMatch(/^[\da-f]{32}$/);
    expect(await ring.fingerprint('203.0.113.7', 'address')).toBe(fingerprint);
    expect(await ring.fingerprint('203.0.113.7', 'device')).not.toBe(fingerprint);
    expect(await createKeyRing([keyOf('2026'), old]).fingerprint('203.0.113.7', 'address')).not.toBe(fingerprint);
  });
});
