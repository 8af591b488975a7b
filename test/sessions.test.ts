import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newApiKey, newUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { roundTrips } from './support/costs.ts';
import { interleave } from './support/interleave.ts';

type Tokens = { id: string; accessToken: string; refreshToken: string; refreshTokenExpiresAt: string };
type Refreshed = { session: Tokens; code: string };
type Shown = {
  id: string;
  isCurrent: boolean;
  deviceName: string | null;
  userAgent: string | null;
  address: string | null;
  createdAt: string;
  lastUsedAt: string;
  refreshedAt: string;
  expiresAt: string;
  absoluteExpiresAt: string | null;
};

const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0';
const AT_HOME = { 'user-agent': FIREFOX, 'cf-connecting-ip': '192.0.2.7' };

afterEach(() => void vi.useRealTimers());

/** The clock, moved forward; timers stay real. */
const later = (milliseconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });

const me = (token: string) => call('/v1/me', { token });
const refresh = (refreshToken: string, headers: Record<string, string> = AT_HOME, options: Call = {}) =>
  call<Refreshed>('/v1/auth/refresh', { body: { refreshToken }, headers, ...options });
const login = (identifier: string, password: string, { headers = AT_HOME, ...fields }: Record<string, any> = {}) =>
  call<Refreshed>('/v1/auth/login', { body: { identifier, password, ...fields }, headers });
const list = async (token: string) => (await call<{ items: Shown[] }>('/v1/me/sessions', { token })).body.items;
const rowOf = async (id: string) => (await allRows()).find(({ row }) => row.id === id)?.row;
/** Another isolate, which has trusted nothing yet. */
const elsewhere = () => ({ ...env });

/** A user whose only other session was opened at home. */
async function atHome() {
  const someone = await newUser();
  return { ...someone, home: (await login(someone.user.username, someone.password)).body.session };
}

describe('a session', () => {
  it('is known by its device, by where it came from and by when it was used', async () => {
    const { user, password, token, home } = await atHome();
    const named = (await login(user.username, password, { deviceName: ' Work laptop ' })).body.session;
    const abroad = { 'user-agent': 'curl/8.9.1', 'cf-connecting-ip': '198.51.100.9' };
    const moved = (await login(user.username, password, { headers: abroad })).body.session;
    const [third, second, first, unknown] = await list(token);
    expect([third, second, first, unknown].map((session) => [session?.id, session?.deviceName])).toEqual([
      [moved.id, 'curl'],
      [named.id, 'Work laptop'],
      [home.id, 'Firefox on Windows'],
      [expect.any(String), null],
    ]);
    expect(first).toMatchObject({
      userAgent: FIREFOX,
      isCurrent: false,
      address: expect.stringMatching(/^[\da-f]{8}$/),
    });
    expect(second?.address).toBe(first?.address);
    expect(third?.address).not.toBe(first?.address);
    expect(unknown).toMatchObject({ isCurrent: true, address: null, userAgent: null });
    expect(first?.lastUsedAt).toBe(first?.createdAt);
    const catalogue = JSON.stringify(await allRows());
    for (const address of ['192.0.2.7', '198.51.100.9']) expect(catalogue).not.toContain(address);
  });

  it('can be named, and forget its name', async () => {
    const { token, home } = await atHome();
    const rename = (id: string, deviceName: unknown) =>
      call<Shown>(`/v1/me/sessions/${id}`, { method: 'PATCH', token, body: { deviceName } });
    const named = await rename(home.id, ' Laptop ');
    expect([named.status, named.body.deviceName, named.body.isCurrent, roundTrips(named)]).toEqual([
      200,
      'Laptop',
      false,
      2,
    ]);
    expect((await list(token))[0]).toEqual(named.body);
    expect((await rename(home.id, null)).body.deviceName).toBe('Firefox on Windows');
    for (const wrong of ['', ' ', 'x'.repeat(101), 'nul\0l', 7, undefined]) {
      expect((await rename(home.id, wrong)).status, String(wrong)).toBe(422);
    }
    expect((await rename(crypto.randomUUID(), 'Nothing')).status).toBe(404);
    const stranger = await newUser();
    const foreign = { method: 'PATCH', token: stranger.token, body: { deviceName: 'Mine' } };
    expect((await call(`/v1/me/sessions/${home.id}`, foreign)).status).toBe(404);
  });

  it('is noted as used once a minute, when the answer is on its way', async () => {
    const { token, home } = await atHome();
    const used = async () => (await list(token)).find(({ id }) => id === home.id)?.lastUsedAt ?? '';
    const before = await used();
    await me(home.accessToken);
    expect(await used()).toBe(before);
    later(59 * SECOND_MS);
    await me(home.accessToken);
    expect(await used()).toBe(before);
    later(31 * SECOND_MS);
    const answer = await me(home.accessToken);
    expect(roundTrips(answer)).toBe(2);
    expect(Date.parse(await used())).toBeGreaterThanOrEqual(Date.parse(before) + 90 * SECOND_MS);
  });

  it('ends for good however often it is refreshed', async () => {
    const { token, home } = await atHome();
    const absolute = Date.parse((await list(token))[0]?.absoluteExpiresAt ?? '');
    expect(Math.abs(absolute - Date.now() - 90 * DAY_MS)).toBeLessThan(10 * SECOND_MS);
    let current = home;
    for (let day = 0; day < 3; day++) {
      later(28 * DAY_MS);
      current = (await refresh(current.refreshToken)).body.session;
    }
    // 84 days later: 30 more would be too many.
    expect(Date.parse(current.refreshTokenExpiresAt)).toBe(absolute);
    later(6 * DAY_MS - SECOND_MS * 20);
    current = (await refresh(current.refreshToken)).body.session;
    expect(Date.parse(current.refreshTokenExpiresAt)).toBe(absolute);
    later(SECOND_MS * 30);
    expect((await refresh(current.refreshToken)).status).toBe(401);
    expect((await me(current.accessToken)).status).toBe(401);
  });

  it('that is older than that rule is held to it from its next refresh on', async () => {
    const { home } = await atHome();
    const age = (days: number) =>
      env.DB.prepare(
        'update user_sessions set absolute_expires_at = null, refreshed_at = null, created_at = ?, refresh_expires_at = ? where id = ?',
      )
        .bind(Date.now() - days * DAY_MS, Date.now() + DAY_MS, home.id)
        .run();
    await age(89);
    const { session } = (await refresh(home.refreshToken)).body;
    expect(Date.parse(session.refreshTokenExpiresAt)).toBeLessThanOrEqual(Date.now() + DAY_MS);
    await age(91);
    expect((await refresh(session.refreshToken)).status).toBe(401);
  });

  it('ends with all others, or with all but the one that asks', async () => {
    const { token, home, refreshToken, user, password } = await atHome();
    const { key } = await newApiKey({ token }, ['account:read', 'account:write']);
    const end = (by: string, query = '') => call(`/v1/me/sessions${query}`, { method: 'DELETE', token: by });
    expect((await me(home.accessToken)).status).toBe(200);
    const ended = await end(token);
    expect([ended.status, roundTrips(ended)]).toEqual([204, 1]);
    expect((await me(home.accessToken)).status).toBe(401);
    expect((await refresh(home.refreshToken)).status).toBe(401);
    expect((await list(token)).map(({ isCurrent }) => isCurrent)).toEqual([true]);

    expect((await end(token, '?keepCurrent=false')).status).toBe(204);
    expect((await me(token)).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await me(key)).status).toBe(200);
    const again = (await login(user.username, password)).body.session;
    expect((await end(key)).status).toBe(204);
    expect((await me(again.accessToken)).status).toBe(401);
    expect((await end(key, '?keepCurrent=maybe')).status).toBe(422);
  });
});

describe('a refresh whose answer was lost', () => {
  it('is answered again with the same tokens, and leaves one successor', async () => {
    const { home } = await atHome();
    const lost = await refresh(home.refreshToken);
    const again = await refresh(home.refreshToken);
    expect([again.status, roundTrips(again)]).toEqual([200, 1]);
    expect(again.body).toEqual(lost.body);
    expect(again.headers.get('cache-control')).toBe('no-store');
    expect((await me(home.accessToken)).status).toBe(401);
    expect((await me(again.body.session.accessToken)).status).toBe(200);
    expect((await refresh(again.body.session.refreshToken)).status).toBe(200);
  });

  it('is the same for two tabs, or twenty, that refresh at the same time', async () => {
    const { home, token } = await atHome();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        refresh(home.refreshToken, AT_HOME, { bindings: index % 2 ? elsewhere() : env }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.session.refreshToken)).size).toBe(1);
    const successor = answers[0]?.body.session;
    expect((await me(successor?.accessToken ?? '')).status).toBe(200);
    expect((await list(token)).filter(({ id }) => id === home.id)).toHaveLength(1);
  });

  it.each([
    ['from another device', { ...AT_HOME, 'user-agent': 'curl/8.9.1' }],
    ['from another address', { ...AT_HOME, 'cf-connecting-ip': '198.51.100.9' }],
    ['from nowhere', { 'user-agent': FIREFOX }],
  ])('ends the session when it is asked for %s', async (_, headers) => {
    const { home, token } = await atHome();
    const { session } = (await refresh(home.refreshToken)).body;
    const replayed = await refresh(home.refreshToken, headers);
    expect([replayed.status, replayed.body.code]).toEqual([401, 'invalid_refresh_token']);
    expect((await me(session.accessToken)).status).toBe(401);
    expect((await refresh(session.refreshToken)).status).toBe(401);
    expect((await list(token)).map(({ id }) => id)).not.toContain(home.id);
  });

  it('ends the session when one of the new tokens was used', async () => {
    for (const use of [
      (session: Tokens) => me(session.accessToken),
      (session: Tokens) => refresh(session.refreshToken),
    ]) {
      const { home } = await atHome();
      const { session } = (await refresh(home.refreshToken)).body;
      expect((await use(session)).status).toBe(200);
      expect((await refresh(home.refreshToken)).status).toBe(401);
    }
    const { home } = await atHome();
    const { session } = (await refresh(home.refreshToken)).body;
    await me(session.accessToken);
    await refresh(home.refreshToken);
    expect((await me(session.accessToken)).status).toBe(401);
  });

  it('ends the session when ten seconds have passed', async () => {
    const { home } = await atHome();
    const { session } = (await refresh(home.refreshToken)).body;
    later(9 * SECOND_MS);
    expect((await refresh(home.refreshToken)).body.session.refreshToken).toBe(session.refreshToken);
    later(2 * SECOND_MS);
    expect((await refresh(home.refreshToken)).status).toBe(401);
    expect((await me(session.accessToken)).status).toBe(401);
  });

  it('is not prolonged by being answered again, nor by use of the token before', async () => {
    const { home } = await atHome();
    await env.DB.prepare('update user_sessions set last_used_at = 1 where id = ?').bind(home.id).run();
    const late = await interleave(() => me(home.accessToken), {
      beforeCall: 2,
      happens: () => refresh(home.refreshToken),
    });
    expect(late.status).toBe(200);
    // The old token's use is noted after the rotation: it says nothing about the new ones.
    expect((await refresh(home.refreshToken)).status).toBe(200);
    later(6 * SECOND_MS);
    expect((await refresh(home.refreshToken)).status).toBe(200);
    later(6 * SECOND_MS);
    expect((await refresh(home.refreshToken)).status).toBe(401);
  });

  it('gives nothing to a deactivated account', async () => {
    const { home, user } = await atHome();
    await refresh(home.refreshToken);
    await env.DB.prepare("update users set status = 'deactivated' where id = ?").bind(user.id).run();
    expect((await refresh(home.refreshToken)).status).toBe(401);
    expect(await rowOf(home.id)).toBeUndefined();
  });

  it('lets a thief who is as quick and as near get no further than the next refresh', async () => {
    const { home } = await atHome();
    const owner = (await refresh(home.refreshToken)).body.session;
    const thief = (await refresh(home.refreshToken)).body.session;
    const next = (await refresh(owner.refreshToken)).body.session;
    expect((await me(next.accessToken)).status).toBe(200);
    expect((await refresh(thief.refreshToken)).status).toBe(401);
    expect((await me(next.accessToken)).status).toBe(401);
    expect((await refresh(next.refreshToken)).status).toBe(401);
  });

  it('ends the session also when it was exchanged long ago, and a thief has gone on from there', async () => {
    const { home, token } = await atHome();
    let thief = home;
    for (let times = 0; times < 3; times++) thief = (await refresh(thief.refreshToken)).body.session;
    expect((await me(thief.accessToken)).status).toBe(200);
    expect((await refresh(home.refreshToken)).status).toBe(401);
    expect((await me(thief.accessToken)).status).toBe(401);
    expect((await refresh(thief.refreshToken)).status).toBe(401);
    expect((await list(token)).map(({ id }) => id)).not.toContain(home.id);
  });

  it('is known again as well where the session is older than families of tokens', async () => {
    const { home } = await atHome();
    const first = (await refresh(home.refreshToken)).body.session;
    await env.DB.prepare('update user_sessions set refresh_family_hash = null where id = ?').bind(home.id).run();
    expect((await refresh(home.refreshToken)).body.session).toEqual(first);
    const second = (await refresh(first.refreshToken)).body.session;
    await me(second.accessToken);
    const third = (await refresh(second.refreshToken)).body.session;
    expect((await refresh(first.refreshToken)).status).toBe(401);
    expect((await me(third.accessToken)).status).toBe(401);
  });

  it('can be opened from the catalogue only with the token that was replaced, and not for long', async () => {
    const { home } = await atHome();
    const { session } = (await refresh(home.refreshToken)).body;
    const sealed = await rowOf(home.id);
    expect(sealed?.sealed_tokens).toMatch(/^token\.[\w-]+\.[\w-]+$/);
    for (const secret of [session.accessToken, session.refreshToken, home.refreshToken]) {
      expect(JSON.stringify(sealed)).not.toContain(secret.slice(4));
    }
    await me(session.accessToken);
    expect((await rowOf(home.id))?.sealed_tokens).toBeNull();
  });
});
