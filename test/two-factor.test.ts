import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRuntime } from '../src/services.ts';
import { newAdmin, newApiKey, newUser, type TestUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { ageSession, login, newTicket, newTwoFactorUser, type Problem, stopClock, verify } from './support/factors.ts';
import { interleave } from './support/interleave.ts';
import { mailsTo } from './support/outbox.ts';
import { codeOf } from './support/totp-codes.ts';

type Enrolment = { secret: string; uri: string; algorithm: string; digits: number; periodSeconds: number };
type Codes = { recoveryCodes: string[] };

const MINUTE_MS = 60_000;

const manage = <T = object>({ token }: Pick<TestUser, 'token'>, verb: string, body: object, options: Call = {}) =>
  call<T & Problem>(`/v1/me/two-factor/${verb}`, { token, body, ...options });
const enroll = (user: Pick<TestUser, 'token' | 'password'>, options: Call = {}) =>
  manage<Enrolment>(user, 'enroll', { password: user.password }, options);
const confirm = (user: Pick<TestUser, 'token'>, code: string) => manage<Codes>(user, 'confirm', { code });
const state = async ({ token }: Pick<TestUser, 'token'>) => (await call('/v1/me/two-factor', { token })).body;
const me = (token: string, headers: Record<string, string> = {}) => call('/v1/me', { token, headers });
const subjects = async ({ user }: Pick<TestUser, 'user'>) =>
  (await mailsTo(user.email)).map(({ subject }) => subject).filter((subject) => !/Confirm/.test(subject));
const rows = async (table: string, { user }: Pick<TestUser, 'user'>) =>
  (await allRows()).filter((entry) => entry.table === table && entry.row.owner_id === user.id).map(({ row }) => row);

beforeEach(() => stopClock());

describe('two-factor authentication', () => {
  it('is turned on by a code of the enrolled app, and ends the sessions that have shown one factor', async () => {
    const user = await newUser();
    const other = (await login(user)).body.session;
    const before = await me(user.token);
    expect(before.body.twoFactorEnabled).toBe(false);
    expect(await state(user)).toEqual({ enabled: false, enabledAt: null, recoveryCodesLeft: 0, passkeys: 0 });

    const enrolled = await enroll(user);
    expect(enrolled.headers.get('cache-control')).toBe('no-store');
    expect(enrolled.body).toMatchObject({ algorithm: 'SHA1', digits: 6, periodSeconds: 30 });
    expect(enrolled.body.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(new URL(enrolled.body.uri).searchParams.get('secret')).toBe(enrolled.body.secret);
    expect(enrolled.body.uri).toContain(`otpauth://totp/Commonplace:${user.user.username}?`);
    expect((await login(user)).body.session).toBeDefined();

    const { secret } = enrolled.body;
    const confirmed = await confirm(user, codeOf(secret));
    expect([confirmed.status, confirmed.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(confirmed.body.recoveryCodes).toHaveLength(10);
    expect((await me(other.accessToken)).status).toBe(401);
    const after = await me(user.token, { 'if-none-match': before.headers.get('etag') ?? '' });
    expect([after.status, after.body.twoFactorEnabled]).toEqual([200, true]);
    expect(await state(user)).toMatchObject({ enabled: true, recoveryCodesLeft: 10, passkeys: 0 });
    expect((await login(user)).body).toMatchObject({ twoFactorRequired: true, methods: ['totp', 'recovery_code'] });
    expect(await subjects(user)).toEqual(['Two-factor authentication is on']);
  });

  it('stays off while no right code has confirmed it', async () => {
    const user = await newUser();
    expect((await confirm(user, '123456')).body.code).toBe('not_enrolled');
    const wrongPassword = await manage(user, 'enroll', { password: 'wrong horse' });
    expect([wrongPassword.status, wrongPassword.body.errors]).toMatchObject([422, [{ path: 'password' }]]);
    const first = (await enroll(user)).body.secret;
    const second = (await enroll(user)).body.secret;
    for (const wrong of [codeOf(first), codeOf(second, 2), codeOf(second, -2), 'abcdef', '4f2k-9w0c-hq7m-t3xv']) {
      const refused = await confirm(user, wrong);
      expect([refused.status, refused.body.errors?.[0]?.path], wrong).toEqual([422, 'code']);
    }
    expect(await state(user)).toMatchObject({ enabled: false, recoveryCodesLeft: 0 });
    expect((await login(user)).body.session).toBeDefined();
    expect((await confirm(user, codeOf(second, 1))).status).toBe(200);
    expect((await enroll(user)).body.code).toBe('two_factor_enabled');
    expect((await confirm(user, codeOf(second))).body.code).toBe('two_factor_enabled');
  });

  it('is turned on once by many at the same time, with one set of codes', async () => {
    const user = await newUser();
    const { secret } = (await enroll(user)).body;
    const code = codeOf(secret);
    const answers = await Promise.all(Array.from({ length: 8 }, () => confirm(user, code)));
    const [won] = answers.filter(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await rows('recovery_codes', user)).toHaveLength(10);
    const ticket = await newTicket(user);
    expect((await verify(ticket, won?.body.recoveryCodes[3] ?? '')).status).toBe(200);
  });

  it('does not let a login through that began before it was on', async () => {
    const user = await newUser();
    const { secret } = (await enroll(user)).body;
    const late = await interleave(() => login(user), {
      beforeCall: 2,
      happens: () => confirm(user, codeOf(secret)),
    });
    expect([late.status, late.body.code]).toEqual([401, 'invalid_credentials']);
  });

  it('is turned off with the password right after a login, and with a code later', async () => {
    const user = await newTwoFactorUser();
    const { password, secret } = user;
    expect((await manage(user, 'disable', { password: 'wrong horse' })).body.errors).toMatchObject([
      { path: 'password' },
    ]);
    await ageSession(user, 15 * MINUTE_MS);
    const withoutCode = await manage(user, 'disable', { password });
    expect([withoutCode.status, withoutCode.body.errors]).toMatchObject([422, [{ path: 'code' }]]);
    for (const code of [codeOf(secret, -1), codeOf(secret, 3), '0000-0000-0000-0000']) {
      expect((await manage(user, 'disable', { password, code })).body.errors, code).toMatchObject([{ path: 'code' }]);
    }
    const ticket = await newTicket(user);
    expect((await me(user.token)).body.twoFactorEnabled).toBe(true);

    expect((await manage(user, 'disable', { password, code: codeOf(secret) })).status).toBe(204);
    expect((await me(user.token)).body.twoFactorEnabled).toBe(false);
    expect((await verify(ticket, codeOf(secret, 1))).body.code).toBe('invalid_ticket');
    expect((await login(user)).body.session).toBeDefined();
    for (const table of ['two_factors', 'recovery_codes', 'login_tickets']) expect(await rows(table, user)).toEqual([]);
    expect((await manage(user, 'disable', { password })).body.code).toBe('two_factor_disabled');
    expect((await subjects(user)).sort()).toEqual([
      'Two-factor authentication is off',
      'Two-factor authentication is on',
    ]);

    const again = await newTwoFactorUser();
    expect((await manage(again, 'disable', { password: again.password })).status).toBe(204);
  });

  it('gets new recovery codes, which end the older ones', async () => {
    const user = await newTwoFactorUser();
    const { password, secret, recoveryCodes } = user;
    await ageSession(user, 15 * MINUTE_MS);
    expect((await manage(user, 'recovery-codes', { password })).status).toBe(422);
    const fresh = await manage<Codes>(user, 'recovery-codes', { password, code: codeOf(secret) });
    expect([fresh.status, fresh.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(new Set([...fresh.body.recoveryCodes, ...recoveryCodes]).size).toBe(20);
    const ticket = await newTicket(user);
    expect((await verify(ticket, recoveryCodes[0] ?? '')).body.code).toBe('invalid_code');
    expect((await verify(ticket, fresh.body.recoveryCodes[0] ?? '')).status).toBe(200);
    expect(await subjects(user)).toContain('Your recovery codes were replaced');
  });

  it('is not managed by an API key, nor by a session that was ended elsewhere', async () => {
    const user = await newUser();
    const { key } = await newApiKey(user, ['account:read', 'account:write']);
    const byKey = { token: key };
    const password = { password: user.password };
    for (const [verb, body] of [
      ['enroll', password],
      ['confirm', { code: '123456' }],
      ['disable', password],
      ['recovery-codes', password],
    ] as const) {
      const refused = await manage(byKey, verb, body);
      expect([refused.status, refused.body.code], verb).toEqual([403, 'session_required']);
    }
    expect(await state(byKey)).toMatchObject({ enabled: false });

    expect((await enroll(user)).status).toBe(200);
    await env.DB.prepare('delete from user_sessions where id = ?').bind(user.sessionId).run();
    const refused = await enroll(user);
    expect([refused.status, refused.body.code]).toEqual([401, 'credential_revoked']);
  });

  it('counts wrong codes and wrong passwords here, too', async () => {
    const user = await newTwoFactorUser();
    const { password } = user;
    const guess = () => manage(user, 'disable', { password, code: '000000' });
    const answers = await Promise.all(Array.from({ length: 20 }, guess));
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(10);
    expect(answers.filter(({ body }) => body.code === 'too_many_attempts')).toHaveLength(10);

    const other = await newUser();
    const wrong = () => manage(other, 'enroll', { password: 'wrong horse' });
    const refused = await Promise.all(Array.from({ length: 15 }, wrong));
    expect(refused.filter(({ body }) => body.code === 'too_many_attempts')).toHaveLength(5);
  });

  it('keeps neither secret nor codes readable, and seals the secret anew when the key is rotated', async () => {
    const user = await newTwoFactorUser();
    const ticket = await newTicket(user);
    const catalogue = JSON.stringify(await allRows());
    for (const text of [
      user.secret,
      ticket,
      ...user.recoveryCodes,
      ...user.recoveryCodes.map((c) => c.replaceAll('-', '')),
    ])
      expect(catalogue).not.toContain(text);
    const [before] = await rows('two_factors', user);
    expect(before?.secret).toMatch(/^local\./);

    const old = `local:${'A'.repeat(43)}=`;
    const bindings = { ...env, ENCRYPTION_KEYS: `next:${'B'.repeat(42)}A=,${old}` };
    expect((await verify(ticket, codeOf(user.secret), { bindings })).status).toBe(200);
    const [after] = await rows('two_factors', user);
    expect(after?.secret).toMatch(/^next\./);
    const { keyRing } = createRuntime(bindings);
    const opened = await keyRing.open(String(after?.secret), `two_factors/${String(after?.id)}`);
    expect(opened).toEqual({ text: user.secret, isOutdated: false });
  });

  it('is turned off by an administrator for somebody who has lost everything that shows it', async () => {
    const user = await newTwoFactorUser();
    const admin = await newAdmin();
    const ticket = await newTicket(user);
    const end = (id: string, token = admin.token) =>
      call<Problem>(`/v1/admin/users/${id}/two-factor`, { method: 'DELETE', token });
    expect((await end(user.user.id, user.token)).status).toBe(403);
    expect((await end(admin.user.id)).body.code).toBe('own_account');
    expect((await end(crypto.randomUUID())).status).toBe(404);
    expect((await end(user.user.id)).status).toBe(200);
    expect((await end(user.user.id)).body.code).toBe('two_factor_disabled');
    expect([await rows('two_factors', user), await rows('recovery_codes', user)]).toEqual([[], []]);
    expect((await verify(ticket, codeOf(user.secret))).status).toBe(401);
    expect((await me(user.token)).status).toBe(401);
    expect((await login(user)).body.session).toBeDefined();
    expect((await subjects(user)).at(0)).toMatch(/off/);
  });

  it('leaves nothing in the log by which somebody could log in', async () => {
    const { lines, stop } = listen();
    const user = await newTwoFactorUser();
    const ticket = await newTicket(user);
    const [code = '', other = ''] = user.recoveryCodes;
    await verify(ticket, 'wrong-code-0000');
    await verify(ticket, code);
    await manage(user, 'disable', { password: user.password, code: other });
    stop();
    const log = lines.join('\n');
    expect(log).toContain(user.user.id);
    for (const secret of [user.secret, user.password, ticket, code, other, 'wrong-code'])
      expect(log).not.toContain(secret);
  });

  it('costs few round trips', async () => {
    const user = await newUser();
    const enrolled = await enroll(user);
    expect(roundTrips(enrolled)).toBe(3);
    expect(roundTrips(await enroll(user))).toBe(2);
    const { secret } = (await enroll(user)).body;
    const confirmed = await confirm(user, codeOf(secret, -1));
    expect(roundTrips(confirmed)).toBe(2);
    expect(roundTrips(await call('/v1/me/two-factor', { token: user.token }))).toBeLessThanOrEqual(2);
    expect(roundTrips(await call('/v1/me/two-factor', { token: user.token }))).toBe(1);
    const { password } = user;
    expect(roundTrips(await manage(user, 'recovery-codes', { password, code: codeOf(secret) }))).toBe(2);
    expect(roundTrips(await manage(user, 'disable', { password }))).toBe(2);
  });
});
