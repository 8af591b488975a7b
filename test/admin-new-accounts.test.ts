import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { newAdmin, newUser, type TestUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { tick } from './support/cron.ts';
import { mailedToken, mailsTo } from './support/outbox.ts';

type Account = { id: string; role: string; status: string; emailVerified: boolean; password?: string | null };
type Problem = { code: string };

let admin: TestUser;
let user: TestUser;

const ask = (path: string, options: Call = {}) =>
  call<Account & Problem>(`/v1/admin/users${path}`, { token: admin.token, ...options });
const post = (path: string, options: Call = {}) => ask(path, { method: 'POST', ...options });
const login = (identifier: string, password: string) => call('/v1/auth/login', { body: { identifier, password } });

beforeAll(async () => {
  [admin, user] = await Promise.all([newAdmin(), newUser()]);
});

describe('an account that an administrator makes', () => {
  const fresh = () => {
    const username = `made-${crypto.randomUUID().slice(0, 12)}`;
    return { username, email: `${username}@example.com` };
  };

  it('is entered by an invitation, which verifies the address', async () => {
    const { username, email } = fresh();
    const made = await post('', { body: { username, email, fullName: 'New Person' } });
    expect(made.status).toBe(201);
    expect(made.headers.get('cache-control')).toBe('no-store');
    expect(made.headers.get('location')).toBe(`/v1/admin/users/${made.body.id}`);
    expect(made.body).toMatchObject({ role: 'user', status: 'active', emailVerified: false, password: null });
    expect((await login(username, 'unusable')).status).toBe(401);
    const [mail] = await mailsTo(email);
    expect(mail?.subject).toBe('Your account at Commonplace');
    expect(mail?.text).toContain('168 hours');
    const token = await mailedToken(email, 'cpw_');
    const newPassword = 'My own horse 88!';
    expect((await call('/v1/auth/password/reset', { body: { token, newPassword } })).status).toBe(204);
    const { status, body } = await login(username, newPassword);
    expect([status, body.user.emailVerified]).toEqual([200, true]);
  });

  it('is invited again, in the same words, when the mail was lost with its worker', async () => {
    const { username, email } = fresh();
    const { body } = await post('', { body: { username, email } });
    const lost = await mailedToken(email, 'cpw_');
    await env.DB.prepare('update verifications set sent_at = null, created_at = created_at - 120000 where user_id = ?')
      .bind(body.id)
      .run();
    await tick();
    const mails = await mailsTo(email);
    expect(mails.map(({ subject }) => subject)).toEqual(Array(2).fill('Your account at Commonplace'));
    const token = await mailedToken(email, 'cpw_');
    expect(token).not.toBe(lost);
    const newPassword = 'My own horse 88!';
    expect((await call('/v1/auth/password/reset', { body: { token, newPassword } })).status).toBe(204);
  });

  it('has a generated password, shown once, that is strong', async () => {
    const { username, email } = fresh();
    const made = await post('', { body: { username, email, role: 'admin', access: 'password' } });
    const password = made.body.password ?? '';
    expect(made.body.role).toBe('admin');
    const judged = await call('/v1/auth/password/strength', { body: { password } });
    expect(judged.body).toMatchObject({ score: 100, acceptable: true });
    const { status, body } = await login(username, password);
    expect(status).toBe(200);
    expect((await ask('', { token: body.session.accessToken })).status).toBe(200);
    expect((await ask(`/${made.body.id}`)).body).not.toHaveProperty('password');
    expect(await mailedToken(email, 'cpv_')).toBeTruthy();
  });

  it('can be made while nobody may register, once with one key', async () => {
    const body = fresh();
    const bindings = { ...env, REGISTRATION_OPEN: 'false' };
    const headers = { 'idempotency-key': crypto.randomUUID() };
    expect((await post('', { body, bindings, headers })).status).toBe(201);
    const again = await post('', { body, bindings, headers });
    expect([again.status, again.body.code]).toEqual([409, 'idempotency_answer_lost']);
    const rows = await env.DB.prepare('select id from users where username_key = ?').bind(body.username).all();
    expect(rows.results).toHaveLength(1);
  });

  it('needs a name and an address that nobody else has', async () => {
    const { username, email } = fresh();
    expect((await post('', { body: { username: user.user.username.toUpperCase(), email } })).body.code).toBe(
      'username_taken',
    );
    expect((await post('', { body: { username, email: user.user.email } })).body.code).toBe('email_taken');
    for (const wrong of [
      { username },
      { email },
      { username, email: 'x' },
      { username, email, role: 'root' },
      { username, email, password: 'x' },
    ]) {
      expect((await post('', { body: wrong })).status).toBe(422);
    }
    expect(await mailsTo(email)).toEqual([]);
  });
});
