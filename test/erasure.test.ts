import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { subjectHash } from '../src/limit-objects/subject.ts';
import { newApiKey, newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';
import {
  ask,
  begin,
  DAY_MS,
  deleteMe,
  LEASE_MS,
  type Remaining,
  runToEnd,
  TRUSTED_MS,
  wordsOf,
} from './support/erasures.ts';
import { interleave } from './support/interleave.ts';
import { type Inhabitant, newInhabitant, rowsOf } from './support/security-world.ts';
import { unrecorded } from './support/statement-recorder.ts';
import { objectContents, traces } from './support/whereabouts.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const isZero = ({ rows, ...stores }: Remaining) =>
  [...Object.values(rows), ...Object.values(stores)].every((count) => count === 0);

/** The objects that count for a user, by name. */
const counters = ({ user, belongings }: Inhabitant) => ({
  index: user.id,
  limits: [`user:${user.id}`, `key:${belongings['api-keys']}`],
  guards: [user.id, JSON.stringify({ emailKey: user.email }), JSON.stringify({ usernameKey: user.username })].flatMap(
    (account) => ['login', 'password'].map((what) => `${what}:account:${subjectHash(account)}`),
  ),
});

/** Leaves something in every kind of place: searches, an answer kept for repetition, counts of calls and of guesses. */
async function live(owner: Inhabitant): Promise<void> {
  const { token, user, canary } = owner;
  const body = { name: `Again ${canary}` };
  await call('/v1/tags', { token, body, headers: { 'idempotency-key': crypto.randomUUID() } });
  await call(`/v1/search?q=${canary}`, { token });
  const wrong = { password: 'wrong password' };
  for (const identifier of [user.email, user.username])
    await call('/v1/auth/login', { body: { identifier, ...wrong } });
  await call('/v1/auth/password/change', {
    token,
    body: { currentPassword: 'wrong password', newPassword: `Pw-${crypto.randomUUID()}` },
  });
  const bindings = { ...env, REQUESTS_PER_MINUTE_PER_USER: '4' } as typeof env;
  for (let i = 0; i < 3; i++) await call('/v1/me', { token, bindings });
}

describe('deleting an account', () => {
  it('erases everything of it everywhere, proves it by a receipt, and touches nobody else', async () => {
    const [owner, other] = await Promise.all([newInhabitant(), newInhabitant()]);
    await live(owner);
    const othersRows = await rowsOf(other.user.id);
    expect((await traces(wordsOf(owner))).length).toBeGreaterThan(10);
    expect((await objectContents(counters(owner))).length).toBeGreaterThan(10);

    loseWakeUps();
    const begun = await begin(owner);
    expect(begun.job).toMatchObject({ type: 'erase_account', status: 'queued' });
    expect(begun.receipt).toMatch(/^cpe_[\w-]{43}$/);
    expect(await ask(begun)).toMatchObject({ status: 'queued', startedAt: null, finishedAt: null, remaining: null });

    await deliver({ erasureId: begun.job.id });
    expect(await ask(begun)).toMatchObject({ status: 'running', finishedAt: null, remaining: null });
    // What is still there is the empty row, until nobody trusts the credentials any more.
    expect((await rowsOf(owner.user.id)).map((row) => JSON.parse(row).table)).toEqual(['users']);
    pass(TRUSTED_MS);
    await deliver({ erasureId: begun.job.id });
    expect(await rowsOf(owner.user.id)).toEqual([]);
    pass(LEASE_MS);
    await deliver({ erasureId: begun.job.id });

    const ended = await ask(begun);
    expect(ended).toMatchObject({ status: 'succeeded', finishedAt: expect.any(String), attempts: 0 });
    expect(Object.keys(ended.remaining?.rows ?? {}).length).toBeGreaterThan(10);
    expect(ended.remaining && isZero(ended.remaining)).toBe(true);
    expect(await traces(wordsOf(owner))).toEqual([]);
    expect(await rowsOf(other.user.id)).toEqual(othersRows);
    const found = await call(`/v1/search?q=${other.canary}`, { token: other.token });
    expect(found.body.items).toHaveLength(1);
  });

  it('leaves nothing in the index and in the objects that count', async () => {
    const owner = await newInhabitant();
    await live(owner);
    loseWakeUps();
    await runToEnd(await begin(owner));
    // Asking an object makes it anew, so that its index has its tables again; what was in them is gone.
    const left = await objectContents(counters(owner));
    expect(left.filter((name) => /user:|key:|account:/.test(name))).toEqual([]);
    const index = env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(owner.user.id));
    expect(await index.erase()).toBe(0);
  });

  it('takes the account from everybody at once, in one batch', async () => {
    const owner = await newInhabitant();
    const { key } = await newApiKey(owner, ['account:read']);
    loseWakeUps();
    const answer = await deleteMe(owner.token, { password: owner.password });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('location')).toBe(answer.body.statusUrl);
    expect(roundTrips(answer)).toBeLessThanOrEqual(3);
    for (const token of [owner.token, key]) expect((await call('/v1/me', { token })).status).toBe(401);
    const { refreshToken, password } = owner;
    expect((await call('/v1/auth/refresh', { body: { refreshToken } })).status).toBe(401);
    for (const identifier of [owner.user.email, owner.user.username]) {
      const login = await call('/v1/auth/login', { body: { identifier, password } });
      expect([login.status, login.body.code]).toEqual([401, 'invalid_credentials']);
    }
    const credentials = (await rowsOf(owner.user.id)).filter((row) => /user_sessions|api_keys|verifications/.test(row));
    expect(credentials).toEqual([]);
  });

  it('frees the names at once, and never takes what their next owner gets', async () => {
    const owner = await newUser();
    loseWakeUps();
    const begun = await begin(owner);
    const { email, username } = owner.user;
    const next = await newUser({ email, username });
    await runToEnd(begun);
    expect(await ask(begun)).toMatchObject({ status: 'succeeded' });
    expect((await call('/v1/me', { token: next.token })).status).toBe(200);
    expect((await call('/v1/auth/login', { body: { identifier: email, password: next.password } })).status).toBe(200);
  });
});

describe('asking for it', () => {
  it.each([
    ['the wrong password', { password: 'not it' }, 'password'],
    ['the username in its place', { confirm: 'whoever' }, 'password'],
    ['nothing', {}, ''],
    ['something else', { sure: true }, ''],
  ])('with %s changes nothing', async (_what, body, path) => {
    const owner = await newUser();
    const before = await rowsOf(owner.user.id);
    const answer = await call('/v1/me', { method: 'DELETE', token: owner.token, body });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await rowsOf(owner.user.id)).toEqual(before);
  });

  it('is for sessions only', async () => {
    const owner = await newUser();
    const { key } = await newApiKey(owner, ['account:write']);
    const answer = await call('/v1/me', { method: 'DELETE', token: key, body: { password: owner.password } });
    expect([answer.status, answer.body.code]).toEqual([403, 'session_required']);
    expect((await call('/v1/me', { token: owner.token })).status).toBe(200);
  });

  it('takes the username where there is no password, and nothing less', async () => {
    const owner = await newUser();
    await env.DB.prepare("update users set password_hash = 'none' where id = ?").bind(owner.user.id).run();
    for (const body of [{ confirm: 'x' }, { password: 'none' }, { password: owner.password }]) {
      expect((await call('/v1/me', { method: 'DELETE', token: owner.token, body })).status).toBe(422);
    }
    loseWakeUps();
    expect((await deleteMe(owner.token, { confirm: owner.user.username })).status).toBe(202);
  });

  it('counts wrong passwords as everywhere else', async () => {
    const { token } = await newUser();
    const statuses = [];
    for (let i = 0; i < 12; i++) {
      statuses.push((await call('/v1/me', { method: 'DELETE', token, body: { password: `guess ${i}` } })).status);
    }
    expect(statuses.slice(0, 10).every((status) => status === 422)).toBe(true);
    expect(statuses.slice(10)).toEqual([429, 429]);
  });

  it('twice at once begins it once', async () => {
    const owner = await newUser();
    loseWakeUps();
    const answers = await Promise.all([1, 2, 3].map(() => deleteMe(owner.token, { password: owner.password })));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 401, 401]);
  });

  it('with a session that ended elsewhere a moment ago is too late', async () => {
    const owner = await newUser();
    await call('/v1/me', { token: owner.token });
    await env.DB.prepare('delete from user_sessions where id = ?').bind(owner.sessionId).run();
    const answer = await deleteMe(owner.token, { password: owner.password });
    expect(answer.status).toBe(401);
  });

  it('loses against a password that is changed meanwhile', async () => {
    const owner = await newUser();
    const answer = await interleave(() => deleteMe(owner.token, { password: owner.password }), {
      beforeCall: 3,
      happens: () => env.DB.prepare("update users set password_hash = 'new' where id = ?").bind(owner.user.id).run(),
    });
    expect(answer.status).toBe(401);
  });
});

describe('the receipt', () => {
  it.each(['x', 'cpe_', `cpe_${'A'.repeat(43)}`, `cpa_${'A'.repeat(43)}`, `${'9'.repeat(200)}`])(
    'is nothing that can be guessed: %s',
    async (token) => {
      expect((await call(`/v1/erasures/${token}`)).status).toBe(404);
    },
  );

  it('is stored as a hash, names nobody, and is forgotten after 90 days', async () => {
    const owner = await newInhabitant();
    loseWakeUps();
    const begun = await begin(owner);
    expect(await traces([begun.receipt])).toEqual([]);
    const sealed = await unrecorded(env.DB).prepare('select * from erasures where id = ?').bind(begun.job.id).first();
    for (const word of wordsOf(owner)) expect(JSON.stringify(sealed)).not.toContain(word);
    await runToEnd(begun);
    pass(DAY_MS + 1000);
    await deliver({ erasureId: begun.job.id });
    expect(await ask(begun)).toMatchObject({ status: 'succeeded' });
    const closed = await unrecorded(env.DB).prepare('select * from erasures where id = ?').bind(begun.job.id).first();
    expect(closed).toMatchObject({ subject: null, due_at: null, status: 'succeeded' });
    pass(88 * DAY_MS);
    await tick();
    expect((await call(`/v1/erasures/${begun.receipt}`)).status).toBe(200);
    pass(2 * DAY_MS);
    await tick();
    expect((await call(`/v1/erasures/${begun.receipt}`)).status).toBe(404);
  });
});
