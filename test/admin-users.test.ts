import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { newAdmin, newApiKey, newUser, type TestUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { rowsReadBy } from './support/rows-read.ts';
import { unrecorded } from './support/statement-recorder.ts';

type AdminUser = {
  id: string;
  username: string;
  email: string;
  fullName: string | null;
  role: string;
  status: string;
  createdAt: string;
  lastLoginAt: string | null;
  lastActiveOn: string | null;
  loginCount: number;
};
type Page = { items: AdminUser[]; nextCursor: string | null };

const database = unrecorded(env.DB);
let admin: TestUser;

const get = <T>(path: string, options: Call = {}) =>
  call<T>(`/v1/admin/users${path}`, { token: admin.token, ...options });

async function search(query: Record<string, string>): Promise<AdminUser[]> {
  const { status, body } = await get<Page>(`?${new URLSearchParams({ limit: '200', ...query })}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.items;
}

const names = (users: { username: string }[]) => users.map(({ username }) => username).sort();

/** A word that stands in nobody else's name. */
const word = () => `w${crypto.randomUUID().replaceAll('-', '').slice(0, 10)}`;

const set = (id: string, column: string, value: string | number | null) =>
  env.DB.prepare(`update users set ${column} = ? where id = ?`).bind(value, id).run();

beforeAll(async () => {
  admin = await newAdmin();
});

describe('an account, as an administrator sees it', () => {
  it('shows what is known of it', async () => {
    const { user, password } = await newUser({ fullName: 'Ada Lovelace' });
    const before = await get<AdminUser>(`/${user.id}`);
    expect(before.status).toBe(200);
    expect(before.headers.get('etag')).toBe('"1"');
    const today = new Date().toISOString().slice(0, 10);
    expect(before.body).toEqual({
      id: user.id,
      email: user.email,
      username: user.username,
      fullName: 'Ada Lovelace',
      role: 'user',
      emailVerified: false,
      emailVerifiedAt: null,
      twoFactorEnabled: false,
      version: 1,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      status: 'active',
      loginCount: 0,
      lastLoginAt: null,
      lastActiveOn: today,
      deactivatedBy: null,
      deactivatedAt: null,
      reactivatedAt: null,
      requestsPerMinute: null,
      requestsPerHour: null,
    });
    await call('/v1/auth/login', { body: { identifier: user.username, password } });
    const after = (await get<AdminUser>(`/${user.id}`)).body;
    expect(after).toMatchObject({ loginCount: 1, lastLoginAt: expect.any(String) });
  });

  it('is nobody’s when there is none', async () => {
    expect((await get(`/${crypto.randomUUID()}`)).status).toBe(404);
    expect((await get('/x')).status).toBe(422);
  });

  it('costs one round trip, as a list does', async () => {
    await get('');
    for (const path of [`/${admin.user.id}`, '', '?q=ada+lovelace', '/statistics', `/${admin.user.id}/sessions`]) {
      expect(roundTrips(await get(path)), path).toBe(1);
    }
  });

  it('was last active when it logged in, refreshed or used a key', async () => {
    const { user, token, refreshToken } = await newUser();
    const { key } = await newApiKey({ token }, ['account:read']);
    const active = async () => (await get<AdminUser>(`/${user.id}`)).body.lastActiveOn;
    const today = new Date().toISOString().slice(0, 10);
    const ways = [() => call('/v1/auth/refresh', { body: { refreshToken } }), () => call('/v1/me', { token: key })];
    for (const use of ways) {
      await set(user.id, 'last_active_on', '2020-01-01');
      expect((await use()).status).toBe(200);
      expect(await active()).toBe(today);
    }
  });
});

describe('a search among accounts', () => {
  it('finds the beginning of the username, the address, or a word of the name, in whatever case', async () => {
    const [one, two, three] = [word(), word(), word()];
    await newUser({ username: one, email: `${two}@example.com`, fullName: `Ada ${three} Lovelace` });
    for (const mark of [one, two, three]) {
      for (const q of [mark, mark.slice(0, 9), mark.toUpperCase(), `  ${mark} `]) {
        expect(names(await search({ q })), q).toEqual([one]);
      }
      expect(await search({ q: mark.slice(1) })).toEqual([]);
    }
    expect(names(await search({ q: `${two}@exam` }))).toEqual([one]);
    expect(names(await search({ q: `love ${three.slice(0, 8)} ad` }))).toEqual([one]);
    expect(await search({ q: `love ${three} grace` })).toEqual([]);
  });

  it('follows a changed name', async () => {
    const [before, after] = [word(), word()];
    const { token, user } = await newUser({ fullName: before });
    await call('/v1/me', { method: 'PATCH', token, body: { fullName: `New ${after}` } });
    expect(await search({ q: before })).toEqual([]);
    expect(names(await search({ q: after }))).toEqual([user.username]);
    await call('/v1/me', { method: 'PATCH', token, body: { fullName: null } });
    expect(await search({ q: after })).toEqual([]);
    expect(names(await search({ q: user.username }))).toEqual([user.username]);
  });

  it('knows letters outside of ASCII, and signs that mean something elsewhere', async () => {
    const mark = word();
    await newUser({ username: `${mark}1`, fullName: `Émile-${mark} Ünal` });
    await newUser({ username: `${mark}2`, fullName: `"Quoted\\${mark}" 100%_ [x]` });
    for (const q of [`émile-${mark}`, `Émile-${mark}`, `ÉMILE-${mark.toUpperCase()}`, `ünal ${mark}1`]) {
      expect(names(await search({ q })), q).toEqual([`${mark}1`]);
    }
    expect(names(await search({ q: `"quoted\\${mark}` }))).toEqual([`${mark}2`]);
    expect(names(await search({ q: `100%_ ${mark}` }))).toEqual([`${mark}2`]);
    expect(await search({ q: `%${mark}` })).toEqual([]);
  });

  it('finds any name by the beginning of any of its words, typed as it stands there', async () => {
    const { user, token } = await newUser();
    const part = fc
      .string({ unit: 'binary', minLength: 2, maxLength: 12 })
      .filter((text) => /^[^\s\0]{2,}$/u.test(text));
    const name = fc.tuple(fc.array(part, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat());
    await fc.assert(
      fc.asyncProperty(name, async ([parts, which, length]) => {
        const fullName = parts.join(' ');
        const changed = await call('/v1/me', { method: 'PATCH', token, body: { fullName } });
        expect(changed.status, JSON.stringify(fullName)).toBe(200);
        const typed = [...(parts[which % parts.length] ?? '')];
        const q = typed.slice(0, 2 + (length % (typed.length - 1))).join('');
        expect(names(await search({ q, sort: 'createdAt' })), JSON.stringify([q, fullName])).toContain(user.username);
      }),
      { numRuns: 40 },
    );
  });

  it('filters by all that is asked at once', async () => {
    const mark = word();
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((end) => newUser({ username: `${mark}${end}` })));
    if (!a || !b || !c) throw new Error('Three users are needed.');
    await set(a.user.id, 'created_at', Date.parse('2021-05-01'));
    await set(b.user.id, 'created_at', Date.parse('2022-05-01'));
    await set(b.user.id, 'role', 'admin');
    await set(b.user.id, 'last_login_at', Date.parse('2022-06-01'));
    await set(c.user.id, 'status', 'deactivated');
    await set(c.user.id, 'email_verified_at', 5);
    const found = async (query: Record<string, string>) =>
      (await search({ q: mark, ...query }))
        .map(({ username }) => username.at(-1))
        .sort()
        .join('');
    expect(await found({})).toBe('abc');
    expect(await found({ role: 'admin' })).toBe('b');
    expect(await found({ role: 'user' })).toBe('ac');
    expect(await found({ status: 'deactivated' })).toBe('c');
    expect(await found({ status: 'active' })).toBe('ab');
    expect(await found({ emailVerified: 'true' })).toBe('c');
    expect(await found({ emailVerified: 'false' })).toBe('ab');
    expect(await found({ createdAfter: '2021-05-01T00:00:00Z', createdBefore: '2022-05-01T02:00:00+02:00' })).toBe(
      'ab',
    );
    expect(await found({ createdAfter: '2021-05-01T00:00:00.001Z', status: 'active' })).toBe('b');
    expect(await found({ lastLoginAfter: '2022-01-01T00:00:00Z' })).toBe('b');
    expect(await found({ role: 'user', status: 'deactivated', emailVerified: 'true' })).toBe('c');
    expect(await found({ role: 'admin', status: 'deactivated' })).toBe('');
    const among = async (query: Record<string, string>) =>
      names(await search(query)).filter((name) => name.startsWith(mark));
    expect(await among({ role: 'admin', status: 'active' })).toEqual([`${mark}b`]);
    expect(await among({ status: 'deactivated', emailVerified: 'true' })).toEqual([`${mark}c`]);
    expect(await among({ sort: 'lastLoginAt', lastLoginAfter: '2022-01-01T00:00:00Z', role: 'admin' })).toEqual([
      `${mark}b`,
    ]);
    expect(await among({ createdBefore: '2022-01-01T00:00:00Z' })).toEqual([`${mark}a`]);
  });

  it.each([
    'q=a',
    `q=${'x'.repeat(255)}`,
    'role=owner',
    'status=gone',
    'emailVerified=maybe',
    'createdAfter=yesterday',
    'sort=email',
    'limit=0',
    'cursor=nonsense',
  ])('refuses %s', async (query) => {
    expect((await get(`?${query}`)).status).toBe(422);
  });
});

describe('a list of many accounts', () => {
  const mark = word();
  const SIZE = 400;

  beforeAll(async () => {
    const insert = database.prepare(
      `insert into users (id, email, email_key, username, username_key, password_hash, full_name, role, status, last_login_at, created_at, updated_at)
       select printf('00000000-0000-7000-8000-%012d', value), ?1 || value, ?1 || value, ?1 || value, ?1 || value, '', 'Many People ' || value,
         iif(value % 100 = 0, 'admin', 'user'), iif(value % 80 = 0, 'deactivated', 'active'),
         iif(value % 2 = 0, 1500000000000 + value % 7, null), 1400000000000 + value % 13, 1
       from json_each(?2)`,
    );
    await insert.bind(mark, JSON.stringify(Array.from({ length: SIZE }, (_, index) => index))).run();
  });

  const walk = async (query: string): Promise<AdminUser[]> => {
    const items: AdminUser[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { status, body }: { status: number; body: Page } = await get<Page>(
        `?limit=30&${query}${cursor && `&cursor=${cursor}`}`,
      );
      expect(status, JSON.stringify(body)).toBe(200);
      items.push(...body.items);
      cursor = body.nextCursor;
    }
    return items.filter(({ username }) => username.startsWith(mark));
  };

  it.each([
    ['createdAt', 'asc', SIZE],
    ['createdAt', 'desc', SIZE],
    ['username', 'asc', SIZE],
    ['username', 'desc', SIZE],
    ['lastLoginAt', 'asc', SIZE / 2],
    ['lastLoginAt', 'desc', SIZE / 2],
  ] as const)('is walked by %s, %s, without repeating or skipping any', async (sort, order, size) => {
    for (const query of [`sort=${sort}&order=${order}`, `sort=${sort}&order=${order}&q=${mark}`]) {
      const items = await walk(query);
      expect(new Set(items.map(({ id }) => id)).size).toBe(size);
      expect(items).toHaveLength(size);
      const values = items.map((item) => String(item[sort]));
      expect(values).toEqual([...values].sort((a, b) => (order === 'asc' ? 1 : -1) * (a < b ? -1 : a > b ? 1 : 0)));
    }
  });

  it.each([
    ['sort=createdAt', 60],
    ['sort=username', 60],
    ['sort=lastLoginAt', 60],
    ['sort=createdAt&role=admin', 60],
    ['sort=username&role=admin&order=asc', 60],
    ['sort=lastLoginAt&role=admin', 60],
    ['sort=createdAt&status=deactivated', 60],
    ['sort=lastLoginAt&status=deactivated&role=user', 60],
    ['sort=createdAt&role=user&status=active&emailVerified=false', 60],
    [`q=${mark}39`, 60],
    [`q=${mark}39&sort=lastLoginAt&status=active&role=user`, 60],
  ])('reads few rows for one page: %s', async (query, most) => {
    const { rows, body } = await rowsReadBy<Page>(`/v1/admin/users?limit=10&${query}`, admin);
    expect(body.items.length).toBeGreaterThan(0);
    expect(rows).toBeLessThanOrEqual(most);
  });
});
