import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';
import { login, newTicket, newTwoFactorUser, stopClock, verify } from './support/factors.ts';
import { mailedToken, mailsTo } from './support/outbox.ts';
import { codeOf } from './support/totp-codes.ts';

const MINUTE_MS = 60_000;
const NEW_PASSWORD = 'better horse battery';

const many = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const passed = (answers: { status: number }[]) => answers.filter(({ status }) => status === 200);
const codes = (answers: { body: { code?: string } }[]) => answers.map(({ body }) => body.code);
const account = ({ user }: Pick<TestUser, 'user'>) =>
  env.DB.prepare('select login_count, last_login_at from users where id = ?').bind(user.id).first();
const sessions = async ({ user }: Pick<TestUser, 'user'>) =>
  (await allRows()).filter(({ table, row }) => table === 'user_sessions' && row.user_id === user.id);
const me = (token: string) => call('/v1/me', { token });

beforeEach(() => stopClock());

describe('a login where two factors are on', () => {
  it('is complete with the second one, and counts only then', async () => {
    const user = await newTwoFactorUser();
    const before = await account(user);
    const first = await login(user);
    expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(first.body).toEqual({
      twoFactorRequired: true,
      ticket: expect.stringMatching(/^cpt_[\w-]{43}$/),
      methods: ['totp', 'recovery_code'],
      expiresAt: new Date(Date.now() + 5 * MINUTE_MS).toISOString(),
    });
    expect(await sessions(user)).toHaveLength(1);
    expect(await account(user)).toEqual(before);

    const second = await verify(first.body.ticket, codeOf(user.secret));
    expect([second.status, second.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(second.body.user).toMatchObject({ id: user.user.id, twoFactorEnabled: true });
    expect((await me(second.body.session.accessToken)).status).toBe(200);
    expect(await account(user)).toEqual({ login_count: 1, last_login_at: Date.now() });
    expect((await verify(first.body.ticket, codeOf(user.secret, 1))).body.code).toBe('invalid_ticket');
  });

  it('is not had with the ticket as a credential', async () => {
    const user = await newTwoFactorUser();
    const ticket = await newTicket(user);
    expect((await me(ticket)).status).toBe(401);
    expect((await call('/v1/auth/refresh', { body: { refreshToken: ticket } })).status).toBe(401);
    expect((await call('/v1/auth/password/reset', { body: { token: ticket, newPassword: NEW_PASSWORD } })).status).toBe(
      422,
    );
  });

  it('takes a code of the step before or after, and none that is further away', async () => {
    const user = await newTwoFactorUser();
    const ticket = await newTicket(user);
    for (const steps of [-3, -2, 2, 3]) expect((await verify(ticket, codeOf(user.secret, steps))).status).toBe(401);
    expect((await verify(ticket, ` ${codeOf(user.secret, 1).replace(/^.../, '$& ')} `)).status).toBe(200);
  });

  it('takes no code twice, nor one that is older than the last', async () => {
    const user = await newTwoFactorUser();
    const [first, second, third] = await many(3, () => newTicket(user));
    const used = codeOf(user.secret);
    expect((await verify(first ?? '', used)).status).toBe(200);
    for (const old of [used, codeOf(user.secret, -1)]) {
      const refused = await verify(second ?? '', old);
      expect([refused.status, refused.body.code]).toEqual([401, 'invalid_code']);
    }
    expect((await verify(third ?? '', codeOf(user.secret, 1))).status).toBe(200);
  });

  it('lets in one of many who send one code at the same instant, by one ticket or several', async () => {
    const user = await newTwoFactorUser();
    const ticket = await newTicket(user);
    const byOne = await many(8, () => verify(ticket, codeOf(user.secret)));
    expect(passed(byOne)).toHaveLength(1);

    const other = await newTwoFactorUser();
    const tickets = await many(8, () => newTicket(other));
    const bySeveral = await Promise.all(tickets.map((one) => verify(one, codeOf(other.secret))));
    expect(passed(bySeveral)).toHaveLength(1);
    expect(new Set(codes(bySeveral))).toEqual(new Set([undefined, 'invalid_code']));
    expect(await sessions(other)).toHaveLength(2);
  });

  it('takes each recovery code once, however it is typed, and tells the owner', async () => {
    const user = await newTwoFactorUser();
    const [code = '', next = ''] = user.recoveryCodes;
    const tickets = await many(5, () => newTicket(user));
    const answers = await Promise.all(tickets.map((ticket) => verify(ticket, code)));
    expect(passed(answers)).toHaveLength(1);
    expect(codes(answers).filter((one) => one === 'invalid_code')).toHaveLength(4);

    const typed = next.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'l');
    expect((await verify(await newTicket(user), typed)).status).toBe(200);
    const told = (await mailsTo(user.user.email)).filter(({ subject }) => subject === 'A recovery code was used');
    expect(told.map(({ text }) => /(\d+) codes are left/.exec(text)?.[1]).sort()).toEqual(['8', '9']);
    expect((await login(user)).body.methods).toEqual(['totp', 'recovery_code']);
    await env.DB.prepare('update recovery_codes set used_at = 1 where owner_id = ?').bind(user.user.id).run();
    expect((await login(user)).body.methods).toEqual(['totp']);
  });

  it('takes no code of somebody else', async () => {
    const [user, other] = [await newTwoFactorUser(), await newTwoFactorUser()];
    const ticket = await newTicket(user);
    for (const code of [codeOf(other.secret), ...other.recoveryCodes.slice(0, 2)]) {
      expect((await verify(ticket, code)).body.code).toBe('invalid_code');
    }
    expect((await verify(await newTicket(other), other.recoveryCodes[0] ?? '')).status).toBe(200);
  });
});

describe('a ticket', () => {
  it('ends after five minutes', async () => {
    const user = await newTwoFactorUser();
    const ticket = await newTicket(user);
    stopClock(5 * MINUTE_MS);
    const late = await verify(ticket, codeOf(user.secret));
    expect([late.status, late.body.code]).toEqual([401, 'invalid_ticket']);
  });

  it('ends when the password is changed', async () => {
    const user = await newTwoFactorUser();
    const ticket = await newTicket(user);
    const change = { currentPassword: user.password, newPassword: NEW_PASSWORD };
    expect((await call('/v1/auth/password/change', { token: user.token, body: change })).status).toBe(204);
    expect((await verify(ticket, codeOf(user.secret))).body.code).toBe('invalid_ticket');
  });

  it('ends when the password is reset, which does not turn the second factor off', async () => {
    const user = await newTwoFactorUser();
    await call('/v1/auth/email/verify', { body: { token: await mailedToken(user.user.email, 'cpv_') } });
    const ticket = await newTicket(user);
    await call('/v1/auth/password/forgot', { body: { email: user.user.email } });
    const token = await mailedToken(user.user.email, 'cpw_');
    expect((await call('/v1/auth/password/reset', { body: { token, newPassword: NEW_PASSWORD } })).status).toBe(204);
    expect((await verify(ticket, codeOf(user.secret))).body.code).toBe('invalid_ticket');
    const again = await login({ ...user, password: NEW_PASSWORD });
    expect(again.body.twoFactorRequired).toBe(true);
    expect((await verify(again.body.ticket, codeOf(user.secret))).status).toBe(200);
  });

  it('ends with the account that is deactivated', async () => {
    const user = await newTwoFactorUser();
    const ticket = await newTicket(user);
    await env.DB.prepare("update users set status = 'deactivated' where id = ?").bind(user.user.id).run();
    expect((await verify(ticket, codeOf(user.secret))).body.code).toBe('invalid_ticket');
    expect((await login(user)).body.code).toBe('account_deactivated');
  });

  it('is nothing that can be made up', async () => {
    for (const ticket of ['cpt_short', `cpt_${'A'.repeat(43)}`, `cpa_${'A'.repeat(43)}`, 'x']) {
      expect((await verify(ticket, '123456')).body.code).toBe('invalid_ticket');
    }
  });

  it('is swept when it has expired', async () => {
    const user = await newTwoFactorUser();
    await newTicket(user);
    await call('/v1/auth/passkeys/options', { method: 'POST' });
    const left = async () =>
      (await allRows()).filter(({ table }) => ['login_tickets', 'passkey_challenges'].includes(table));
    expect((await left()).length).toBeGreaterThanOrEqual(2);
    stopClock(6 * MINUTE_MS);
    await tick();
    expect(await left()).toEqual([]);
  });
});

describe('wrong codes', () => {
  it('are looked at ten times of two hundred that come at once, whatever the tickets', async () => {
    const user = await newTwoFactorUser();
    const tickets = await many(5, () => newTicket(user));
    const answers = await many(200, (index) => verify(tickets[index % 5] ?? '', String(index).padStart(6, '9')));
    expect(answers.filter(({ body }) => body.code === 'invalid_code')).toHaveLength(10);
    expect(answers.filter(({ body }) => body.code === 'too_many_attempts')).toHaveLength(190);
    const right = await verify(tickets[0] ?? '', codeOf(user.secret));
    expect([right.status, right.body.code]).toEqual([429, 'too_many_attempts']);
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
    const recovery = await verify(tickets[0] ?? '', user.recoveryCodes[0] ?? '');
    expect(recovery.status).toBe(429);
  });

  it('are forgotten with a right one, and so are the wrong passwords before it', async () => {
    const user = await newTwoFactorUser();
    const wrongPassword = () => login({ ...user, password: 'wrong horse' });
    for (let i = 0; i < 8; i++) expect((await wrongPassword()).status).toBe(401);
    const ticket = await newTicket(user);
    for (let i = 0; i < 9; i++) expect((await verify(ticket, '000000')).status).toBe(401);
    expect((await verify(ticket, codeOf(user.secret))).status).toBe(200);
    for (let i = 0; i < 9; i++) expect((await wrongPassword()).status).toBe(401);
    const next = await newTicket(user);
    for (let i = 0; i < 9; i++) expect((await verify(next, '000000')).status).toBe(401);
  });

  it('are not forgotten with the password alone, nor are wrong passwords', async () => {
    const user = await newTwoFactorUser();
    const answers = [];
    for (let i = 0; i < 6; i++) {
      answers.push((await login({ ...user, password: 'wrong horse' })).status, (await login(user)).status);
    }
    expect(answers).toEqual([401, 200, 401, 200, 401, 200, 401, 200, 401, 200, 429, 429]);
  });

  it('are all that is counted against an address: halves of a login that were right are not', async () => {
    const headers = { 'cf-connecting-ip': `198.51.100.7-${crypto.randomUUID()}` };
    const user = await newTwoFactorUser();
    for (const code of user.recoveryCodes) {
      const { body } = await login(user, { headers });
      expect((await verify(body.ticket, code, { headers })).status).toBe(200);
    }
    const strangers = await many(95, (index) =>
      login({ user: { ...user.user, username: `nobody-${index}` }, password: 'wrong horse' }, { headers }),
    );
    expect(new Set(strangers.map(({ status }) => status))).toEqual(new Set([401]));
  });
});

describe('costs', () => {
  it('are two round trips for each half, and none for what cannot be a ticket', async () => {
    const plain = await newUser();
    expect(roundTrips(await login(plain))).toBe(2);
    const user = await newTwoFactorUser();
    const first = await login(user);
    expect(roundTrips(first)).toBe(2);
    expect(roundTrips(await verify('cpt_short', '123456'))).toBe(0);
    expect(roundTrips(await verify(first.body.ticket, '000000'))).toBe(1);
    expect(roundTrips(await verify(first.body.ticket, codeOf(user.secret)))).toBe(2);
  });
});
