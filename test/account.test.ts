import { env } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import { newApiKey, newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';
import { interleave } from './support/interleave.ts';
import { mailedToken, mailsTo } from './support/outbox.ts';

type Problem = { code: string; detail: string; errors?: { path: string }[] };
type User = Problem & { email: string; emailVerified: boolean; version: number };

const me = (token: string) => call<User>('/v1/me', { token });
const login = (identifier: string, password: string) =>
  call<Problem & { session: { accessToken: string } }>('/v1/auth/login', { body: { identifier, password } });
const verify = (token: string) => call<User>('/v1/auth/email/verify', { body: { token } });
const newAddress = () => `${crypto.randomUUID()}@example.org`;

describe('an e-mail address', () => {
  const ask = (token: string, email: string, password: string) =>
    call<Problem>('/v1/me/email', { token, body: { email, password } });

  it('is changed when the mail to the new one is confirmed, and the old one is told before', async () => {
    const { user, token, password } = await newUser();
    const email = newAddress();
    const asked = await ask(token, email, password);
    expect([asked.status, asked.body, roundTrips(asked)]).toEqual([202, { status: 'accepted' }, 3]);
    expect((await me(token)).body).toMatchObject({ email: user.email, version: 1 });
    const [mail] = await mailsTo(email);
    expect(mail?.subject).toBe('Confirm your new e-mail address');
    expect(mail?.text).toContain('/docs/verify-email/#token=cpm_');
    const [notice] = await mailsTo(user.email);
    expect(notice).toMatchObject({ subject: 'Your e-mail address is to be changed' });
    expect(notice?.text).toContain(email);
    expect(notice?.text).not.toMatch(/cp[a-z]_|https?:/);

    const done = await verify(await mailedToken(email, 'cpm_'));
    expect([done.status, roundTrips(done)]).toEqual([200, 2]);
    expect(done.body).toMatchObject({ id: user.id, email, emailVerified: true, version: 2 });
    expect((await me(token)).body).toEqual(done.body);
    expect((await login(email.toUpperCase(), password)).status).toBe(200);
    expect((await login(user.email, password)).status).toBe(401);
    expect((await verify(await mailedToken(email, 'cpm_'))).body.code).toBe('invalid_token');
    // What was mailed to the old address is worthless.
    expect((await verify(await mailedToken(user.email, 'cpv_'))).body.code).toBe('invalid_token');
  });

  it('is not changed without the password, nor to the present or a foreign one', async () => {
    const { user, token, password } = await newUser();
    const stranger = await newUser();
    const wrong = await ask(token, newAddress(), `${password}x`);
    expect([wrong.status, wrong.body.errors?.[0]?.path]).toEqual([422, 'password']);
    const same = await ask(token, user.email, password);
    expect([same.status, same.body.errors?.[0]?.path]).toEqual([422, 'email']);
    const foreign = await ask(token, stranger.user.email.toUpperCase(), password);
    expect([foreign.status, foreign.body.code]).toEqual([409, 'email_taken']);
    expect(await mailsTo(stranger.user.email.toUpperCase())).toEqual([]);
    expect((await ask(token, 'no address', password)).status).toBe(422);
    // The same letters in another case are another way to write one's own.
    expect((await ask(token, user.email.toUpperCase(), password)).status).toBe(202);
  });

  it('goes to whoever confirms it first', async () => {
    const [one, other] = await Promise.all([newUser(), newUser()]);
    const email = newAddress();
    await ask(one.token, email, one.password);
    const first = await mailedToken(email, 'cpm_');
    await ask(other.token, email, other.password);
    const second = await mailedToken(email, 'cpm_');
    const answers = await Promise.all([verify(first), verify(second)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('email_taken');
  });

  it.each([
    ['was asked for anew', async ({ token, password }: Asked) => void (await ask(token, newAddress(), password))],
    [
      'the password was changed',
      async ({ token, password }: Asked) =>
        void (await call('/v1/auth/password/change', {
          token,
          body: { currentPassword: password, newPassword: 'better horse battery' },
        })),
    ],
    [
      'the password was reset',
      async ({ user }: Asked) => {
        await call('/v1/auth/password/forgot', { body: { email: user.email } });
        const body = { token: await mailedToken(user.email, 'cpw_'), newPassword: 'better horse battery' };
        await call('/v1/auth/password/reset', { body });
      },
    ],
    [
      'it has expired',
      ({ user }: Asked) =>
        env.DB.prepare('update verifications set expires_at = ? where user_id = ?').bind(Date.now(), user.id).run(),
    ],
    [
      'the account is deactivated',
      ({ token, password }: Asked) => call('/v1/me/deactivate', { token, body: { password } }),
    ],
  ])('is not changed by a token after %s', async (_, spoil) => {
    const someone = await newUser();
    const email = newAddress();
    await ask(someone.token, email, someone.password);
    const token = await mailedToken(email, 'cpm_');
    await spoil(someone);
    expect((await verify(token)).body.code).toBe('invalid_token');
    const row = await env.DB.prepare('select email from users where id = ?').bind(someone.user.id).first('email');
    expect(row).toBe(someone.user.email);
  });

  it('is not asked for with a password that is replaced at that moment', async () => {
    const { user, token, password } = await newUser();
    await me(token);
    const email = newAddress();
    const late = await interleave(() => ask(token, email, password), {
      beforeCall: 2,
      happens: () => env.DB.prepare("update users set password_hash = 'new' where id = ?").bind(user.id).run(),
    });
    expect([late.status, late.body.errors?.[0]?.path]).toEqual([422, 'password']);
    expect(await mailsTo(email)).toEqual([]);
  });

  it('gets five mails an hour at most, however many accounts ask for it in whatever case', async () => {
    const email = newAddress();
    const asked: number[] = [];
    for (const { token, password } of [await newUser(), await newUser()]) {
      for (const spelt of [email, email.toUpperCase(), email]) asked.push((await ask(token, spelt, password)).status);
    }
    expect(asked).toEqual([202, 202, 202, 202, 202, 429]);
    expect([...(await mailsTo(email)), ...(await mailsTo(email.toUpperCase()))]).toHaveLength(5);
  });

  it('is asked for five times an hour at most, and mailed to later when the mail is not taken', async () => {
    const { user, token, password } = await newUser();
    const email = newAddress();
    const broken = vi.spyOn(env.FILES, 'put').mockRejectedValue(new Error('The outbox is full.'));
    expect((await ask(token, email, password)).status).toBe(202);
    broken.mockRestore();
    await env.DB.prepare('update verifications set created_at = created_at - 70000 where user_id = ?')
      .bind(user.id)
      .run();
    await tick();
    expect((await verify(await mailedToken(email, 'cpm_'))).body.email).toBe(email);

    for (let i = 0; i < 4; i++) expect((await ask(token, newAddress(), password)).status).toBe(202);
    const refused = await ask(token, newAddress(), password);
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_mails']);
  });

  it('is guarded against guesses at the password', async () => {
    const { token, password } = await newUser();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(token, newAddress(), 'wrong horse')));
    expect(answers.filter(({ status }) => status === 422).length).toBeLessThanOrEqual(10);
    expect((await ask(token, newAddress(), password)).body.code).toBe('too_many_attempts');
  });
});

type Asked = Awaited<ReturnType<typeof newUser>>;

describe('an account', () => {
  const deactivate = (token: string, password: string) =>
    call<Problem>('/v1/me/deactivate', { token, body: { password } });
  const reactivate = (identifier: string, password: string) =>
    call<Problem>('/v1/auth/reactivate', { body: { identifier, password } });
  const stored = (id: string) =>
    env.DB.prepare('select status, deactivated_by from users where id = ?').bind(id).first<Record<string, unknown>>();

  it('is put to sleep by its owner, and woken', async () => {
    const { user, token, refreshToken, password } = await newUser();
    const { key } = await newApiKey({ token }, ['account:read', 'account:write']);
    const other = (await login(user.username, password)).body.session;
    for (const secret of [key, other.accessToken]) expect((await me(secret)).status).toBe(200);
    expect((await deactivate(token, `${password}x`)).body.errors).toMatchObject([{ path: 'password' }]);
    const byKey = await deactivate(key, password);
    expect([byKey.status, byKey.body.code]).toEqual([403, 'session_required']);

    const done = await deactivate(token, password);
    expect([done.status, done.body, roundTrips(done)]).toEqual([204, '', 2]);
    expect(await stored(user.id)).toEqual({ status: 'deactivated', deactivated_by: 'owner' });
    for (const secret of [token, key, other.accessToken]) expect((await me(secret)).status).toBe(401);
    expect((await call('/v1/auth/refresh', { body: { refreshToken } })).status).toBe(401);

    const refused = await login(user.username, password);
    expect([refused.status, refused.body.code]).toEqual([403, 'account_deactivated']);
    expect(refused.body.detail).toContain('/v1/auth/reactivate');
    expect((await login(user.username, `${password}x`)).body.code).toBe('invalid_credentials');

    const woken = await reactivate(user.email.toUpperCase(), password);
    expect([woken.status, woken.body, roundTrips(woken)]).toEqual([204, '', 2]);
    expect(await stored(user.id)).toEqual({ status: 'active', deactivated_by: null });
    expect((await me(token)).status).toBe(401);
    expect((await me(key)).status).toBe(200);
    const { session } = (await login(user.username, password)).body;
    expect((await me(session.accessToken)).body).toMatchObject({ version: 3 });
    const again = await reactivate(user.username, password);
    expect([again.status, again.body.code]).toEqual([409, 'account_active']);
  });

  it.each([['admin'], [null]])('that %s deactivated is not woken by its owner', async (by) => {
    const { user, password } = await newUser();
    const sleep = env.DB.prepare("update users set status = 'deactivated', deactivated_by = ? where id = ?");
    await sleep.bind(by, user.id).run();
    for (const answer of [await reactivate(user.username, password), await login(user.username, password)]) {
      expect([answer.status, answer.body.code]).toEqual([403, 'account_deactivated']);
      expect(answer.body.detail).not.toContain('reactivate');
    }
    expect(await stored(user.id)).toMatchObject({ status: 'deactivated', deactivated_by: by });
  });

  it('is woken by nobody without its password, and says nothing about itself', async () => {
    const { user, token, password } = await newUser();
    await deactivate(token, password);
    const bodies = [];
    for (const identifier of [user.username, user.email, 'nobody-there', 'nobody@example.com']) {
      const { status, body } = await reactivate(identifier, 'wrong horse battery');
      expect(status).toBe(401);
      bodies.push({ ...body, requestId: '' });
    }
    for (const body of bodies) expect(body).toEqual(bodies[0]);
    expect(await stored(user.id)).toMatchObject({ status: 'deactivated' });
  });

  it('shares the guesses at its password between login and waking', async () => {
    const { user, token, password } = await newUser();
    await deactivate(token, password);
    const guesses = Array.from({ length: 20 }, (_, index) =>
      index % 2 ? login(user.username, 'wrong horse') : reactivate(user.username, 'wrong horse'),
    );
    const answers = await Promise.all(guesses);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect((await reactivate(user.username, password)).body.code).toBe('too_many_attempts');
  });

  it('is not put to sleep, nor woken, with a password that is replaced at that moment', async () => {
    const { user, token, password } = await newUser();
    await me(token);
    const replace = () => env.DB.prepare("update users set password_hash = 'new' where id = ?").bind(user.id).run();
    const hash = await env.DB.prepare('select password_hash from users where id = ?')
      .bind(user.id)
      .first('password_hash');
    const late = await interleave(() => deactivate(token, password), { beforeCall: 2, happens: replace });
    expect(late.status).toBe(422);
    expect((await me(token)).status).toBe(200);
    await env.DB.prepare('update users set password_hash = ? where id = ?').bind(hash, user.id).run();
    await deactivate(token, password);
    const woken = await interleave(() => reactivate(user.username, password), { beforeCall: 2, happens: replace });
    expect(woken.status).toBe(403);
    expect(await stored(user.id)).toMatchObject({ status: 'deactivated' });
  });

  it('wakes with none of the mailed tokens from before', async () => {
    const { user, token, password } = await newUser();
    await call('/v1/auth/password/forgot', { body: { email: user.email } });
    const resetToken = await mailedToken(user.email, 'cpw_');
    await deactivate(token, password);
    await reactivate(user.username, password);
    const reset = { token: resetToken, newPassword: 'better horse battery' };
    expect((await call<Problem>('/v1/auth/password/reset', { body: reset })).body.code).toBe('invalid_token');
  });
});
