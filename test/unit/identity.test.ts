import { scrypt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createIdentityCache, type Identity } from '../../src/modules/identity/identity-cache.ts';
import { loginKey, usernameKey } from '../../src/modules/identity/login-keys.ts';
import { createPasswords } from '../../src/modules/identity/password.ts';
import { issueSessionTokens } from '../../src/modules/identity/session-tokens.ts';
import { issueToken, parseToken, shownPrefix } from '../../src/modules/identity/tokens.ts';

vi.mock('node:crypto', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:crypto')>();
  return { ...original, scrypt: vi.fn(original.scrypt) };
});

const cheap = createPasswords({ costLog2: 10 });
/** Computed by Python's hashlib.scrypt: another implementation of RFC 7914. */
const FROM_ELSEWHERE = 'scrypt$1024$8$5$AAECAwQFBgcICQoLDA0ODw$6K9NvkfFusQ7KMBRUBboRu36NXTCanf89-RKT7bgdI8';

describe('passwords', () => {
  it('are stored with their parameters, each with a salt of its own', async () => {
    const [one, two] = await Promise.all([cheap.hash('hunter2 hunter2'), cheap.hash('hunter2 hunter2')]);
    expect(one).toMatch(/^scrypt\$1024\$8\$5\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(two);
    expect(await cheap.verify('hunter2 hunter2', one)).toBe(true);
    expect(await cheap.verify('hunter2 hunter3', one)).toBe(false);
  });

  it('agree with another implementation of scrypt', async () => {
    expect(await cheap.verify('Test123!', FROM_ELSEWHERE)).toBe(true);
    expect(await cheap.verify('test123!', FROM_ELSEWHERE)).toBe(false);
  });

  it('are the same in every Unicode form, and keep every character', async () => {
    const stored = await cheap.hash('caf\u00e9 \ufb01ne 10\u00b2');
    expect(await cheap.verify('cafe\u0301 fine 102', stored)).toBe(true);
    expect(await cheap.verify('cafe fine 102', stored)).toBe(false);
  });

  const good = FROM_ELSEWHERE.split('$');
  const withPart = (index: number, part: string) => good.map((old, at) => (at === index ? part : old)).join('$');

  it.each([
    ['nothing', undefined],
    ['an empty string', ''],
    ['another algorithm', withPart(0, 'bcrypt')],
    ['a cost that is no power of two', withPart(1, '1000')],
    ['a cost of 1', withPart(1, '1')],
    ['a cost that needs more memory than there is', withPart(1, '262144')],
    ['a negative cost', withPart(1, '-1024')],
    ['a block size of 0', withPart(2, '0')],
    ['a block size that needs more memory than there is', withPart(2, '64')],
    ['no parallelism', withPart(3, '0')],
    ['a short salt', withPart(4, 'AAEC')],
    ['a short hash', withPart(5, 'AAEC')],
    ['an empty hash', withPart(5, '')],
    ['the hash that unknown accounts are compared with', `scrypt$1024$8$5$${'A'.repeat(22)}$${'A'.repeat(43)}`],
    ['a part too many', `${FROM_ELSEWHERE}$x`],
  ])('are never right when %s is stored', async (_, stored) => {
    expect(await cheap.verify('Test123!', stored)).toBe(false);
    expect(await cheap.verify('', stored)).toBe(false);
  });

  it('cost the same work for an account that there is and one that there is not', async () => {
    const stored = await cheap.hash('correct horse');
    const spy = vi.mocked(scrypt);
    const workOf = async (candidate: string | undefined) => {
      spy.mockClear();
      await cheap.verify('wrong horse', candidate);
      return spy.mock.calls.map(([password, salt, length, options]) => [
        password,
        String(salt).length > 0,
        length,
        options,
      ]);
    };
    const work = await workOf(stored);
    expect(work).toEqual([['wrong horse', true, 32, expect.objectContaining({ N: 1024, r: 8, p: 5 })]]);
    expect(await workOf(undefined)).toEqual(work);
  });

  it('are hashed again when the cost rises, not when it falls', async () => {
    const stored = await cheap.hash('correct horse');
    const dear = createPasswords({ costLog2: 11 });
    expect(cheap.needsRehash(stored)).toBe(false);
    expect(dear.needsRehash(stored)).toBe(true);
    expect(await dear.verify('correct horse', stored)).toBe(true);
    expect(cheap.needsRehash(await dear.hash('correct horse'))).toBe(false);
  });
});

describe('tokens', () => {
  it.each([
    ['access', 'cpa_'],
    ['refresh', 'cpr_'],
    ['api_key', 'cp_'],
    ['email_verification', 'cpv_'],
    ['password_reset', 'cpw_'],
    ['oauth_state', 'cps_'],
    ['oauth_browser', 'cpb_'],
    ['oauth_code', 'cpo_'],
    ['email_change', 'cpm_'],
  ] as const)('of kind %s begin with %s and are known by their hash', (kind, prefix) => {
    const issued = issueToken(kind);
    expect(issued.token.startsWith(prefix)).toBe(true);
    expect(issued.hash).toMatch(/^[\da-f]{64}$/);
    expect(issued.hash).not.toContain(issued.token);
    expect(parseToken(issued.token)).toEqual({ kind, hash: issued.hash });
  });

  it('do not repeat', () => {
    expect(new Set(Array.from({ length: 1000 }, () => issueToken('access').token)).size).toBe(1000);
  });

  it('show of an API key what tells it apart and no more', () => {
    const { token } = issueToken('api_key');
    expect(shownPrefix(token)).toMatch(/^cp_[\w-]{6}$/);
    expect(token.startsWith(shownPrefix(token))).toBe(true);
  });

  it('are never recognised in other text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseToken(text) === undefined));
  });

  it('are not recognised when a character is added, removed or replaced by one that they never contain', () => {
    const place = fc.integer({ min: 4, max: 45 });
    const alien = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((text) => !/[\w-]/.test(text));
    fc.assert(
      fc.property(fc.constantFrom('access', 'refresh', 'api_key'), place, alien, (kind, at, character) => {
        const { token } = issueToken(kind);
        const start = token.slice(0, at);
        const rest = token.slice(at);
        return [start + rest.slice(1), `${start}A${rest}`, start + character + rest.slice(1), `${token}\n`].every(
          (changed) => parseToken(changed) === undefined,
        );
      }),
    );
  });

  it('live as long as configured, the access token never longer than its session', () => {
    const config = { ACCESS_TOKEN_SECONDS: 3600, REFRESH_TOKEN_SECONDS: 60, SESSION_ABSOLUTE_SECONDS: 600 };
    const { issued, stored } = issueSessionTokens('session', { config, now: 1000 });
    expect(issued).toMatchObject({ id: 'session', accessTokenExpiresAt: 61_000, refreshTokenExpiresAt: 61_000 });
    expect(JSON.stringify(stored)).not.toContain(issued.accessToken);
    expect(JSON.stringify(stored)).not.toContain(issued.refreshToken);
    const short = { ...config, SESSION_ABSOLUTE_SECONDS: 30 };
    expect(issueSessionTokens('session', { config: short, now: 1000 }).stored.refreshExpiresAt).toBe(31_000);
  });
});

describe('names', () => {
  it.each([
    ['Ada', 'ADA'],
    ['\u00c5sa', 'A\u030asa'],
    ['\uff21da', 'ada'],
    ['ma\ufb03n', 'MAFFIN'],
  ])('%s and %s are one', (one, other) => {
    expect(usernameKey(one)).toBe(usernameKey(other));
  });

  it('have one key, whatever is done to them first', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const key = usernameKey(name);
        return (
          key === usernameKey(key) &&
          key === usernameKey(name.normalize('NFC')) &&
          key === usernameKey(name.normalize('NFKD'))
        );
      }),
    );
  });

  it('are looked up as e-mail addresses when they have an @', () => {
    expect(loginKey('Ada@Example.com')).toEqual({ emailKey: 'ada@example.com' });
    expect(loginKey('Ada')).toEqual({ usernameKey: 'ada' });
  });
});

describe('the identity cache', () => {
  const identity = (id: string, expiresAt: number | null = null): Identity => ({
    actor: { userId: `user of ${id}`, scopes: new Set(), credential: { type: 'session', id } },
    expiresAt,
  });

  function setUp() {
    const time = { now: 0 };
    const loads: string[] = [];
    const cache = createIdentityCache({ config: { IDENTITY_CACHE_SECONDS: 30 }, now: () => time.now });
    const resolve = (id: string, expiresAt: number | null = null) =>
      cache.resolve(`hash of ${id}`, async () => {
        loads.push(id);
        return identity(id, expiresAt);
      });
    return { time, loads, cache, resolve };
  }

  it('asks once in 30 seconds', async () => {
    const { time, loads, resolve } = setUp();
    for (time.now of [0, 10_000, 29_999]) expect((await resolve('a'))?.credential.id).toBe('a');
    expect(loads).toEqual(['a']);
    time.now = 30_000;
    await resolve('a');
    expect(loads).toEqual(['a', 'a']);
  });

  it('never outlives the credential', async () => {
    const { time, loads, resolve } = setUp();
    await resolve('a', 5_000);
    time.now = 4_999;
    expect(await resolve('a', 5_000)).toBeDefined();
    time.now = 5_000;
    expect(await resolve('a', 5_000)).toBeUndefined();
    expect(loads).toEqual(['a']);
  });

  it('does not remember that a token is unknown', async () => {
    const { cache } = setUp();
    expect(await cache.resolve('hash', async () => undefined)).toBeUndefined();
    expect(await cache.resolve('hash', async () => identity('late'))).toBeDefined();
  });

  it('forgets one credential, or all of a user', async () => {
    const { loads, cache, resolve } = setUp();
    await Promise.all([resolve('a'), resolve('b')]);
    cache.forgetCredential('a');
    await Promise.all([resolve('a'), resolve('b')]);
    expect(loads).toEqual(['a', 'b', 'a']);
    cache.forgetUser('user of b');
    await Promise.all([resolve('a'), resolve('b')]);
    expect(loads).toEqual(['a', 'b', 'a', 'b']);
  });

  it('does not remember what was revoked while it was being read', async () => {
    const { loads, cache, resolve } = setUp();
    await cache.resolve('hash of a', async () => {
      cache.forgetCredential('a');
      return identity('a');
    });
    await resolve('a');
    expect(loads).toEqual(['a']);
  });

  it('trusts nothing when it is turned off', async () => {
    const cache = createIdentityCache({ config: { IDENTITY_CACHE_SECONDS: 0 }, now: () => 0 });
    let loads = 0;
    const load = async () => {
      loads += 1;
      return identity('a');
    };
    await cache.resolve('hash', load);
    await cache.resolve('hash', load);
    expect(loads).toBe(2);
  });
});
