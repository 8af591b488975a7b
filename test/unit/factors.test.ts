import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hashRecoveryCode,
  newRecoveryCodes,
  parseRecoveryCode,
} from '../../src/modules/identity/factors/recovery-codes.ts';
import { relyingPartyOf } from '../../src/modules/identity/factors/relying-party.ts';
import { matchingStep, newTotpSecret } from '../../src/modules/identity/factors/totp.ts';
import {
  challengeOf,
  checkAssertion,
  checkRegistration,
  newChallenge,
} from '../../src/modules/identity/factors/webauthn.ts';
import { codeAt } from '../support/totp-codes.ts';

const STEP_MS = 30_000;
/** `12345678901234567890`, the secret of RFC 6238's test vectors. */
const RFC_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('a code of an app', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('is that of RFC 6238 at %i s', async (seconds, code) => {
    const step = Math.floor(seconds / 30);
    expect(await matchingStep(RFC_SECRET, { code, now: seconds * 1000, after: 0 })).toBe(step);
    expect(await matchingStep(RFC_SECRET, { code, now: seconds * 1000, after: step })).toBeUndefined();
  });

  it('is taken within a step of the present one, and only if it is newer than the last', async () => {
    const time = fc.integer({ min: 10 * STEP_MS, max: 4e12 });
    await fc.assert(
      fc.asyncProperty(
        time,
        fc.integer({ min: -4, max: 4 }),
        fc.integer({ min: -4, max: 4 }),
        async (now, of, last) => {
          const { secret } = await newTotpSecret('ada');
          const present = Math.floor(now / STEP_MS);
          const check = { code: codeAt(secret, now + of * STEP_MS), now, after: present + last };
          const isTaken = Math.abs(of) <= 1 && of > last;
          const step = await matchingStep(secret, check);
          // Codes have six digits: once in a while that of one step is also that of another.
          return isTaken ? step === present + of : step === undefined || codeAt(secret, step * STEP_MS) === check.code;
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is nothing but six digits', async () => {
    for (const code of ['', '12345', '1234567', '12345a', '１２３４５６', '-12345', '+1e005', '287082\n']) {
      expect(await matchingStep(RFC_SECRET, { code, now: 59_000, after: 0 }), code).toBeUndefined();
    }
  });
});

describe('a secret for an app', () => {
  it('is new each time, and whole in its URI whatever the username', async () => {
    const username = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(username, async (name) => {
        const { secret, uri } = await newTotpSecret(name);
        const parsed = new URL(uri);
        expect(parsed.protocol).toBe('otpauth:');
        expect(Object.fromEntries(parsed.searchParams)).toEqual({
          issuer: 'Commonplace',
          secret,
          algorithm: 'SHA1',
          digits: '6',
          period: '30',
        });
        expect(decodeURIComponent(parsed.pathname)).toContain(`Commonplace:${name}`);
      }),
      { numRuns: 50 },
    );
    const secrets = await Promise.all(Array.from({ length: 20 }, () => newTotpSecret('ada')));
    expect(new Set(secrets.map(({ secret }) => secret)).size).toBe(20);
  });
});

describe('recovery codes', () => {
  it('are ten, of 80 bits each', () => {
    const codes = Array.from({ length: 50 }, newRecoveryCodes).flat();
    expect(codes).toHaveLength(500);
    expect(new Set(codes).size).toBe(500);
    for (const code of codes) expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$/);
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32);
  });

  it('are read however they are typed', () => {
    const spacing = fc.array(fc.constantFrom('', ' ', '-', ' - ', '\n'), { minLength: 17, maxLength: 17 });
    const confusions = fc.array(fc.boolean(), { minLength: 16, maxLength: 16 });
    const alike: Record<string, string> = { '0': 'O', '1': 'I' };
    fc.assert(
      fc.property(spacing, confusions, (spaces, confused) => {
        const [code = ''] = newRecoveryCodes();
        const signs = [...code.replaceAll('-', '')].map((sign, index) =>
          confused[index] ? (alike[sign] ?? sign.toUpperCase()) : sign,
        );
        const typed = spaces.map((space, index) => space + (signs[index] ?? '')).join('');
        return parseRecoveryCode(typed) === code;
      }),
    );
  });

  it('are nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 64 }), (text) => {
        const parsed = parseRecoveryCode(text);
        return parsed === undefined || parseRecoveryCode(parsed) === parsed;
      }),
    );
    for (const text of ['', '123456', 'u'.repeat(16), '0'.repeat(15), '0'.repeat(17)])
      expect(parseRecoveryCode(text)).toBeUndefined();
  });

  it('are stored differently for each owner', () => {
    expect(hashRecoveryCode('a', 'code')).toMatch(/^[\da-f]{64}$/);
    expect(hashRecoveryCode('a', 'code')).not.toBe(hashRecoveryCode('b', 'code'));
  });
});

describe('the relying party', () => {
  it.each([
    ['https://notes.example.com', 'production', 'notes.example.com', 'https://notes.example.com'],
    ['https://notes.example.com:8443/base', 'production', 'notes.example.com', 'https://notes.example.com:8443'],
    ['http://localhost:8787', 'local', 'localhost', 'http://localhost:8787'],
    ['http://localhost:9000', 'test', 'localhost', 'http://localhost:9000'],
  ] as const)('of %s (%s) is %s', (PUBLIC_URL, ENVIRONMENT, id, origin) => {
    expect(relyingPartyOf({ PUBLIC_URL, ENVIRONMENT })).toEqual({ id, origin, name: 'Commonplace' });
  });

  it.each([
    ['http://127.0.0.1:8787', 'local'],
    ['https://127.1', 'production'],
    ['https://192.0.2.7', 'production'],
    ['https://[2001:db8::1]', 'production'],
    ['http://notes.example.com', 'production'],
    ['http://localhost:8787', 'production'],
    ['https://localhost', 'production'],
  ] as const)('of %s (%s) is nobody', (PUBLIC_URL, ENVIRONMENT) => {
    expect(relyingPartyOf({ PUBLIC_URL, ENVIRONMENT })).toBeUndefined();
  });
});

describe('an answer of a browser', () => {
  const party = { id: 'localhost', name: 'Commonplace', origin: 'http://localhost:8787' };
  const text = fc.oneof(
    fc.base64String().map((base64) => base64.replace(/[=]/g, '').replaceAll('+', '-').replaceAll('/', '_')),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
    fc.constant(
      Buffer.from(JSON.stringify({ type: 'webauthn.create', challenge: 'x', origin: party.origin })).toString(
        'base64url',
      ),
    ),
  );

  it('that is anything else is refused, not thrown', async () => {
    const challenge = newChallenge();
    await fc.assert(
      fc.asyncProperty(text, text, text, text, async (id, clientDataJSON, data, signature) => {
        const named = { id, rawId: id, type: 'public-key' as const };
        const created = { ...named, response: { clientDataJSON, attestationObject: data } };
        const used = { ...named, response: { clientDataJSON, authenticatorData: data, signature } };
        const credential = { credentialId: id, publicKey: data, signCount: 0, backedUp: false };
        expect(await checkRegistration(party, { response: created, challenge })).toBeUndefined();
        expect(await checkAssertion(party, { response: used, challenge, credential })).toBeUndefined();
        expect(challengeOf(created) ?? challenge).toMatch(/^[\w-]{43}$/);
      }),
      { numRuns: 300 },
    );
  });
});
