import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createApp } from '../src/app.ts';
import { createNoMail, MailError } from '../src/platform/mail/mail.ts';
import { MAX_KEPT_MAILS } from '../src/platform/mail/outbox.ts';
import { createRuntime } from '../src/services.ts';
import { newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';
import { aMail, describeMailer } from './support/mailer.contract.ts';
import { mailedToken, mailsTo } from './support/outbox.ts';

type Problem = { code: string; errors?: { path: string }[] };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

afterEach(() => void vi.restoreAllMocks());

const verify = (token: string) => call<TestUser['user'] & Problem>('/v1/auth/email/verify', { body: { token } });
const resend = (token: string) => call<Problem>('/v1/auth/email/resend', { method: 'POST', token });
const rowsOf = async (userId: string) =>
  (await allRows())
    .filter(({ table, row }) => table === 'verifications' && row.user_id === userId)
    .map(({ row }) => row);

/** Lets every mail fail until the test ends or the spy is restored. */
const breakOutbox = () => vi.spyOn(env.FILES, 'put').mockRejectedValue(new Error('The outbox is full.'));

const age = (userId: string, ms: number) =>
  env.DB.prepare('update verifications set created_at = created_at - ? where user_id = ?').bind(ms, userId).run();

const ENCRYPTION_KEYS = `2026:${Buffer.alloc(32, 7).toString('base64')}`;

describe('the outbox', () => {
  const outbox = () => createRuntime(env).outbox ?? expect.fail('There is no outbox.');

  describeMailer(() => {
    const start = Date.now();
    const mailer = outbox();
    const taken = async () => (await mailer.list(MAX_KEPT_MAILS)).filter(({ sentAt }) => sentAt >= start).reverse();
    return { mailer, taken };
  });

  it('keeps the last hundred mails, newest first', async () => {
    const box = outbox();
    const start = Date.now();
    for (let i = 0; i < 104; i++) await box.send(aMail({ subject: `Mail ${i}` }));
    const kept = await box.list(200);
    expect(kept.map(({ subject }) => subject)).toEqual(Array.from({ length: 100 }, (_, i) => `Mail ${103 - i}`));
    expect(kept[0]).toMatchObject(aMail({ id: kept[0]?.id ?? '', subject: 'Mail 103' }));
    expect(kept[0]?.sentAt).toBeGreaterThanOrEqual(start);
    expect(await box.list(2)).toHaveLength(2);
    expect((await env.FILES.list({ prefix: 'outbox/' })).objects).toHaveLength(100);
  });

  it('is open where developers work', async () => {
    const { user } = await newUser();
    const answer = await call<{ items: { to: string; sentAt: string }[] }>('/v1/dev/outbox?limit=1');
    expect(answer.status).toBe(200);
    expect(answer.body.items).toMatchObject([{ to: user.email, subject: 'Confirm your e-mail address' }]);
    expect(Date.parse(answer.body.items[0]?.sentAt ?? '')).toBeGreaterThan(Date.now() - MINUTE_MS);
    expect((await call('/v1/dev/outbox?limit=101')).status).toBe(422);
  });

  it('is nowhere in production', async () => {
    const production = createRuntime({ ...env, ...{ ENVIRONMENT: 'production', ENCRYPTION_KEYS, MAIL: 'none' } });
    expect(production.outbox).toBeUndefined();
    const app = createApp(production);
    const get = async (path: string) => {
      const context = createExecutionContext();
      const response = await app.fetch(new Request(`http://commonplace.test${path}`), env, context);
      await waitOnExecutionContext(context);
      return response;
    };
    expect((await get('/v1/dev/outbox')).status).toBe(404);
    expect(await (await get('/openapi.json')).text()).not.toContain('outbox');
    expect((await get('/health')).status).toBe(200);
  });
});

describe('the choice of a mailer', () => {
  const choose = (values: Record<string, unknown>) => createRuntime({ ...env, ...values });
  const production = { ENVIRONMENT: 'production', ENCRYPTION_KEYS, PUBLIC_URL: 'https://commonplace.example/' };

  it.each([
    [{ ENVIRONMENT: 'production' }, /ENCRYPTION_KEYS/],
    [{ ENCRYPTION_KEYS: 'short:AAAA' }, /ENCRYPTION_KEYS/],
    [{ ENVIRONMENT: 'production', ENCRYPTION_KEYS }, /MAIL=outbox/],
    [{ ...production, MAIL: 'send-email' }, /EMAIL binding/],
    [{ ...production, MAIL: 'http' }, /MAIL_HTTP_URL/],
    [{ ...production, MAIL: 'http', MAIL_HTTP_URL: 'http://mail.example', MAIL_HTTP_SECRET: 'x' }, /MAIL_HTTP_URL/],
    [{ ENVIRONMENT: 'production', ENCRYPTION_KEYS, MAIL: 'send-email', EMAIL: { send: async () => {} } }, /PUBLIC_URL/],
    [{ MAIL: 'pigeon' }, /MAIL/],
    [{ PUBLIC_URL: 'javascript:alert(1)' }, /PUBLIC_URL/],
  ])('refuses %j', (values, message) => {
    expect(() => choose(values)).toThrow(message);
  });

  it('takes what is complete', () => {
    expect(choose({ ...production, MAIL: 'send-email', EMAIL: { send: async () => {} } }).mailer).toBeDefined();
    const http = { MAIL: 'http', MAIL_HTTP_URL: 'https://mail.example', MAIL_HTTP_SECRET: 'x' };
    const { config } = choose({ ...production, ...http });
    expect(config.PUBLIC_URL).toBe('https://commonplace.example');
  });

  it('of none says so for every mail', async () => {
    await expect(createNoMail().send(aMail())).rejects.toMatchObject({ isTransient: false });
  });
});

describe('an e-mail address', () => {
  it('is verified by the token that registration mails to it', async () => {
    const { user, token } = await newUser();
    expect(user).toMatchObject({ emailVerified: false, emailVerifiedAt: null });
    const [mail] = await mailsTo(user.email);
    expect(mail).toMatchObject({ subject: 'Confirm your e-mail address' });
    expect(mail?.text).toContain(`Hello ${user.username}`);
    expect(mail?.text).toContain('http://localhost:8787/docs/verify-email/#token=cpv_');

    const verified = await verify(await mailedToken(user.email, 'cpv_'));
    expect(verified.status).toBe(200);
    expect(roundTrips(verified)).toBe(1);
    expect(verified.body).toMatchObject({ id: user.id, emailVerified: true, version: 2 });
    expect((await call('/v1/me', { token })).body).toEqual(verified.body);
    expect(await rowsOf(user.id)).toMatchObject([{ sent_at: expect.any(Number), used_at: expect.any(Number) }]);
  });

  it('is verified once by twenty at the same time', async () => {
    const { user } = await newUser();
    const mailed = await mailedToken(user.email, 'cpv_');
    const answers = await Promise.all(Array.from({ length: 20 }, () => verify(mailed)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(422)]);
    expect(answers.find(({ status }) => status === 422)?.body).toMatchObject({
      code: 'invalid_token',
      errors: [{ path: 'token' }],
    });
  });

  it('is not verified by an older, expired or made-up token, nor by one for a password', async () => {
    const { user, token } = await newUser();
    const first = await mailedToken(user.email, 'cpv_');
    expect((await resend(token)).status).toBe(202);
    const second = await mailedToken(user.email, 'cpv_');
    await call('/v1/auth/password/forgot', { body: { email: user.email } });
    const resetting = await mailedToken(user.email, 'cpw_');
    for (const wrong of [first, resetting, resetting.replace('cpw_', 'cpv_'), `cpv_${'A'.repeat(43)}`, token]) {
      expect((await verify(wrong)).body.code, wrong).toBe('invalid_token');
    }
    await env.DB.prepare("update verifications set expires_at = ? where user_id = ? and purpose = 'email_verification'")
      .bind(Date.now(), user.id)
      .run();
    expect((await verify(second)).body.code).toBe('invalid_token');
    expect((await call('/v1/me', { token })).body).toMatchObject({ emailVerified: false, version: 1 });
  });

  it('is not verified by a mail that went to another address', async () => {
    const { user } = await newUser();
    const mailed = await mailedToken(user.email, 'cpv_');
    await env.DB.prepare("update users set email = 'new@example.com' where id = ?").bind(user.id).run();
    expect((await verify(mailed)).body.code).toBe('invalid_token');
  });

  it('is mailed to again on demand, but neither for ever nor when it is verified', async () => {
    const { user, token } = await newUser();
    expect((await call('/v1/auth/email/resend', { method: 'POST' })).status).toBe(401);
    for (let i = 0; i < 4; i++) expect((await resend(token)).status).toBe(202);
    const refused = await resend(token);
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_mails']);
    expect(refused.headers.get('retry-after')).toBe('3600');
    expect(await mailsTo(user.email)).toHaveLength(5);
    expect((await verify(await mailedToken(user.email, 'cpv_'))).status).toBe(200);
    await age(user.id, 60 * MINUTE_MS);
    const again = await resend(token);
    expect([again.status, again.body.code]).toEqual([409, 'email_already_verified']);
  });

  it('is not flooded by accounts that are made and deleted with it', async () => {
    const email = `${crypto.randomUUID()}@example.com`;
    const register = (username: string) =>
      call<TestUser & Problem>('/v1/auth/register', { body: { email, username, password: 'Long-enough-8' } });
    const usernames = Array.from({ length: 12 }, (_, index) => `again-${index}-${email.slice(0, 8)}`);
    const codes: (string | undefined)[] = [];
    for (const username of usernames) {
      const { body } = await register(username);
      codes.push(body.code);
      if (body.user) await env.DB.prepare('delete from users where id = ?').bind(body.user.id).run();
    }
    expect(codes).toEqual([...Array<undefined>(10), 'too_many_mails', 'too_many_mails']);
    expect(await mailsTo(email)).toHaveLength(10);
  });
});

describe('a mail that was not taken', () => {
  it('keeps nobody from registering, and is sent later with a token that works', async () => {
    const broken = breakOutbox();
    const { user } = await newUser();
    expect(await rowsOf(user.id)).toMatchObject([{ sent_at: null, attempts: 0 }]);
    await tick();
    expect(await rowsOf(user.id)).toMatchObject([{ sent_at: null, attempts: 0 }]);
    await age(user.id, 1.1 * MINUTE_MS);
    await tick();
    const [failed] = await rowsOf(user.id);
    expect(failed).toMatchObject({ sent_at: null, attempts: 1 });
    broken.mockRestore();
    expect(await mailsTo(user.email)).toEqual([]);

    await age(user.id, MINUTE_MS);
    await Promise.all([tick(), tick(), tick()]);
    expect(await mailsTo(user.email)).toHaveLength(1);
    expect(await rowsOf(user.id)).toMatchObject([{ sent_at: expect.any(Number), attempts: 2 }]);
    expect((await verify(await mailedToken(user.email, 'cpv_'))).status).toBe(200);
    await tick();
    expect(await mailsTo(user.email)).toHaveLength(1);
  });

  it('is tried six times in all, then no more', async () => {
    const broken = breakOutbox();
    const { user } = await newUser();
    for (let minutes = 1; minutes <= 64; minutes *= 2) {
      await age(user.id, minutes * 1.1 * MINUTE_MS);
      await tick();
    }
    expect(await rowsOf(user.id)).toMatchObject([{ sent_at: null, attempts: 5 }]);
    broken.mockRestore();
    await tick();
    expect(await mailsTo(user.email)).toEqual([]);
  });

  it('is not sent once its token has been replaced', async () => {
    const broken = breakOutbox();
    const { user, token } = await newUser();
    broken.mockRestore();
    await resend(token);
    await age(user.id, 2 * MINUTE_MS);
    await tick();
    expect(await mailsTo(user.email)).toHaveLength(1);
    expect((await verify(await mailedToken(user.email, 'cpv_'))).status).toBe(200);
  });

  it('is not tried again when that is hopeless', async () => {
    const put = vi.spyOn(env.FILES, 'put').mockRejectedValue(new MailError('No.', { isTransient: false }));
    const { user } = await newUser();
    expect(await rowsOf(user.id)).toMatchObject([{ sent_at: null, attempts: 5 }]);
    const calls = put.mock.calls.length;
    await age(user.id, DAY_MS / 2);
    await tick();
    expect(put.mock.calls.length).toBe(calls);
  });

  it('leaves neither token nor address in the log', async () => {
    breakOutbox();
    const { lines, stop } = listen();
    const { user } = await newUser();
    await age(user.id, 2 * MINUTE_MS);
    await tick();
    stop();
    const log = lines.join('\n');
    expect(log.match(/mail\.failed/g)).toHaveLength(2);
    for (const secret of [user.email, user.username, 'cpv_']) expect(log).not.toContain(secret);
  });
});

describe('expired tokens', () => {
  it('are swept a day later', async () => {
    const { user } = await newUser();
    const expire = (ms: number) =>
      env.DB.prepare('update verifications set expires_at = ? where user_id = ?')
        .bind(Date.now() - ms, user.id)
        .run();
    await expire(DAY_MS - MINUTE_MS);
    await tick();
    expect(await rowsOf(user.id)).toHaveLength(1);
    await expire(DAY_MS + MINUTE_MS);
    await tick();
    expect(await rowsOf(user.id)).toEqual([]);
  });
});

describe('the pages that mails link to', () => {
  it.each(['verify-email', 'reset-password'])('%s is there, with its script', async (name) => {
    const page = await call<string>(`/docs/${name}/`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.body).not.toMatch(/<script>|onclick/);
    for (const script of [`/docs/${name}/${name}.js`, '/docs/mailed-token.js']) {
      expect((await call(script)).headers.get('content-type')).toContain('javascript');
    }
  });
});
