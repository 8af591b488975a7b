import { env } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import { newApiKey, newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { logInWithPasskey, newPasskey, newTwoFactorUser, startPasskeyLogin } from './support/factors.ts';
import { interleave } from './support/interleave.ts';
import { mailedToken, mailsTo } from './support/outbox.ts';

type Problem = { code: string; errors?: { path: string; message: string }[] };

const NEW_PASSWORD = 'better horse battery';
const HOUR_MS = 60 * 60 * 1000;

const forgot = (email: string) => call('/v1/auth/password/forgot', { body: { email } });
const reset = (token: string, newPassword = NEW_PASSWORD) =>
  call<Problem>('/v1/auth/password/reset', { body: { token, newPassword } });
const login = (identifier: string, password: string) =>
  call<Problem & { session: { accessToken: string } }>('/v1/auth/login', { body: { identifier, password } });
const verifyEmail = async (email: string) =>
  call('/v1/auth/email/verify', { body: { token: await mailedToken(email, 'cpv_') } });
const me = (token: string) => call('/v1/me', { token });

/** A user who has asked for a new password, and the token from the mail. */
async function forgetful() {
  const someone = await newUser();
  await forgot(someone.user.email);
  return { ...someone, resetToken: await mailedToken(someone.user.email, 'cpw_') };
}

const tokenRows = async (userId: string) =>
  (await allRows())
    .filter(({ table, row }) => table === 'verifications' && row.user_id === userId)
    .map(({ row }) => row);

describe('a forgotten password', () => {
  it('is replaced by the mailed token, which ends every session but no API key', async () => {
    const { user, token, refreshToken, password, resetToken } = await forgetful();
    const { key } = await newApiKey({ token }, ['account:read']);
    await verifyEmail(user.email);

    const done = await reset(resetToken);
    expect([done.status, done.body]).toEqual([204, '']);
    expect((await me(token)).status).toBe(401);
    expect((await call('/v1/auth/refresh', { body: { refreshToken } })).status).toBe(401);
    expect((await me(key)).status).toBe(200);
    expect((await login(user.username, password)).status).toBe(401);
    const { session } = (await login(user.username, NEW_PASSWORD)).body;
    expect((await me(session.accessToken)).body).toMatchObject({ emailVerified: true, version: 3 });

    const [confirmation] = await mailsTo(user.email);
    expect(confirmation).toMatchObject({ subject: 'Your password was changed' });
    expect(confirmation?.text).not.toMatch(/cpw_|https?:/);
  });

  it('leaves no key or passkey to whoever had an account with an address that they never verified', async () => {
    const squatter = await newUser();
    const { key } = await newApiKey(squatter, ['account:read']);
    const { authenticator } = await newPasskey(squatter);
    await forgot(squatter.user.email);
    expect((await reset(await mailedToken(squatter.user.email, 'cpw_'))).status).toBe(204);
    expect((await me(key)).status).toBe(401);
    const asserted = await authenticator.get(await startPasskeyLogin());
    expect((await logInWithPasskey(asserted)).body.code).toBe('invalid_passkey');
  });

  it('leaves no second factor that keeps the owner of such an address out', async () => {
    const squatter = await newTwoFactorUser();
    await forgot(squatter.user.email);
    expect((await reset(await mailedToken(squatter.user.email, 'cpw_'))).status).toBe(204);
    const { session } = (await login(squatter.user.email, NEW_PASSWORD)).body;
    expect((await call('/v1/me/two-factor', { token: session.accessToken })).body).toMatchObject({
      enabled: false,
      recoveryCodesLeft: 0,
    });
  });

  it('costs two round trips to reset, one to be refused, and none for what cannot be a token', async () => {
    const { resetToken } = await forgetful();
    expect(roundTrips(await reset(resetToken))).toBe(2);
    expect(roundTrips(await reset(resetToken))).toBe(1);
    expect(roundTrips(await reset('cpw_short'))).toBe(0);
    expect(roundTrips(await forgot('nobody@example.com'))).toBe(0);
  });

  it('is asked for with the same answer whether there is an account or not', async () => {
    const { user } = await newUser();
    const gone = await newUser();
    await env.DB.prepare("update users set status = 'deactivated' where id = ?").bind(gone.user.id).run();
    const answers = [user.email, user.email.toUpperCase(), gone.user.email, 'nobody@example.com'].map(forgot);
    const seen = (await Promise.all(answers)).map(({ status, body, headers }) => {
      const names = [...headers.keys()].sort();
      return { status, body, names, length: headers.get('content-length'), trips: roundTrips({ headers }) };
    });
    expect(seen[0]).toMatchObject({ status: 202, body: { status: 'accepted' }, trips: 0 });
    for (const one of seen) expect(one).toEqual(seen[0]);
    expect((await mailsTo(user.email)).filter(({ subject }) => /new password/.test(subject))).toHaveLength(2);
    expect((await mailsTo(gone.user.email)).filter(({ subject }) => /new password/.test(subject))).toEqual([]);
    expect(await mailsTo('nobody@example.com')).toEqual([]);
  });

  it('does not wait for the mail, and tells nobody that it failed', async () => {
    const { user } = await newUser();
    const broken = vi.spyOn(env.FILES, 'put').mockRejectedValue(new Error('The outbox is full.'));
    const { lines, stop } = listen();
    const answer = await forgot(user.email);
    stop();
    broken.mockRestore();
    expect(answer.status).toBe(202);
    expect(lines.join('\n')).toContain('mail.failed');
  });

  it.each([
    ['that was used', async (token: string) => void (await reset(token, 'another horse battery'))],
    ['that has expired', (token: string) => update('expires_at = ?', { token, values: [Date.now()] })],
    [
      'that was sent to an address which the account no longer has',
      (token: string) => update("email = 'old@example.com'", { token }),
    ],
    ['for something else', (token: string) => update("purpose = 'email_verification'", { token })],
    ['of an account that was deactivated', (token: string) => onUser(token, "status = 'deactivated'")],
  ])('is not replaced by a token %s', async (_, spoil) => {
    const { user, resetToken } = await forgetful();
    await spoil(resetToken);
    const hashes = await hashOf(user.id);
    const answer = await reset(resetToken);
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_token']);
    expect(answer.body.errors).toMatchObject([{ path: 'token' }]);
    expect(await hashOf(user.id)).toEqual(hashes);
  });

  it('is not replaced by a token of another kind, a hash, or a made-up one', async () => {
    const { user, token, refreshToken } = await newUser();
    const verifying = await mailedToken(user.email, 'cpv_');
    const [row] = await tokenRows(user.id);
    const others = [verifying, verifying.replace('cpv_', 'cpw_'), token, refreshToken, `cpw_${'A'.repeat(43)}`];
    for (const wrong of [...others, String(row?.token_hash)]) {
      expect((await reset(wrong)).body.code, wrong).toBe('invalid_token');
    }
    expect((await me(verifying)).status).toBe(401);
    expect(roundTrips(await me(verifying))).toBe(0);
  });

  it('is replaced by the newest token only', async () => {
    const { user, resetToken } = await forgetful();
    await forgot(user.email);
    const newest = await mailedToken(user.email, 'cpw_');
    expect(newest).not.toBe(resetToken);
    expect((await reset(resetToken)).status).toBe(422);
    expect((await reset(newest)).status).toBe(204);
  });

  it('is not replaced by a token from before the password was changed', async () => {
    const { token, password, resetToken } = await forgetful();
    const body = { currentPassword: password, newPassword: `${NEW_PASSWORD} staple` };
    expect((await call('/v1/auth/password/change', { token, body })).status).toBe(204);
    expect((await reset(resetToken)).status).toBe(422);
  });

  it('of one user cannot be set by the token of another', async () => {
    const [mine, other] = [await forgetful(), await forgetful()];
    expect((await reset(mine.resetToken)).status).toBe(204);
    expect((await login(other.user.username, NEW_PASSWORD)).status).toBe(401);
    expect((await login(other.user.username, other.password)).status).toBe(200);
    expect((await me(other.token)).status).toBe(200);
  });

  it('is set once when twenty resets with one token come at the same time', async () => {
    const { user, resetToken } = await forgetful();
    const wanted = Array.from({ length: 20 }, (_, index) => `horse number ${index} battery`);
    const answers = await Promise.all(wanted.map((password) => reset(resetToken, password)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(19).fill(422)]);
    const winner = wanted[answers.findIndex(({ status }) => status === 204)] ?? '';
    expect((await login(user.username, winner)).status).toBe(200);
    const confirmations = (await mailsTo(user.email)).filter(({ subject }) => /was changed/.test(subject));
    expect(confirmations).toHaveLength(1);
  });

  it('stays when the token is used up between the look and the write', async () => {
    const { user, resetToken } = await forgetful();
    const before = await hashOf(user.id);
    const late = await interleave(() => reset(resetToken), {
      beforeCall: 2,
      happens: () => update('used_at = ?', { token: resetToken, values: [1] }),
    });
    expect([late.status, late.body.code]).toEqual([422, 'invalid_token']);
    expect(await hashOf(user.id)).toEqual(before);
  });

  it('is mailed about five times an hour at most, and the answer does not say so', async () => {
    const { user } = await newUser();
    for (let i = 0; i < 7; i++) expect((await forgot(user.email)).status).toBe(202);
    const resets = async () => (await mailsTo(user.email)).filter(({ subject }) => /new password/.test(subject));
    expect(await resets()).toHaveLength(5);
    expect((await reset(await mailedToken(user.email, 'cpw_'))).status).toBe(204);
    await env.DB.prepare('update verifications set created_at = created_at - ? where user_id = ?')
      .bind(HOUR_MS, user.id)
      .run();
    await forgot(user.email);
    expect(await resets()).toHaveLength(6);
  });
});

describe('a password that was imported', () => {
  // Two of Openwall's published test vectors; the third was made by libxcrypt.
  it.each([
    ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['U*U*', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'],
    ['correct horse \u00fc', '$2y$06$abcdefghijklmnopqrstuuYdP312jxGAf5EwyEitdvxpr0l03QEEi'],
  ])('%s is checked by bcrypt once, and stored by scrypt from then on', async (password, hash) => {
    const { user } = await newUser();
    await env.DB.prepare('update users set password_hash = ? where id = ?').bind(hash, user.id).run();
    expect((await login(user.username, `${password}x`)).status).toBe(401);
    expect(await hashOf(user.id)).toBe(hash);
    expect((await login(user.username, password)).status).toBe(200);
    const renewed = await hashOf(user.id);
    expect(renewed).toMatch(/^scrypt\$1024\$8\$5\$/);
    expect((await login(user.username, password)).status).toBe(200);
    expect((await login(user.username, `${password}x`)).status).toBe(401);
    expect(await hashOf(user.id)).toBe(renewed);
  });

  it('is refused rather than computed when its cost would take minutes', async () => {
    const { user } = await newUser();
    const hash = '$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
    await env.DB.prepare('update users set password_hash = ? where id = ?').bind(hash, user.id).run();
    expect((await login(user.username, 'U*U')).body.code).toBe('invalid_credentials');
  });
});

describe('secrets of these flows', () => {
  it('are nowhere in the catalogue, the log lines or the answers', async () => {
    const mark = `zebra${crypto.randomUUID().slice(0, 8)}`;
    const { lines, stop } = listen();
    const { user, token } = await newUser({ username: mark, email: `${mark}@example.com` });
    await forgot(user.email);
    const resetToken = await mailedToken(user.email, 'cpw_');
    const verifying = await mailedToken(user.email, 'cpv_');
    const answers = [
      await call('/v1/auth/email/resend', { method: 'POST', token }),
      await reset(resetToken, 'password123'),
      await reset(resetToken, `stripes of ${mark.slice(5)}`),
      await reset(resetToken),
      await call('/v1/auth/email/verify', { body: { token: verifying } }),
    ];
    const broken = vi.spyOn(env.FILES, 'put').mockRejectedValue(new Error('The outbox is full.'));
    await forgot(user.email);
    broken.mockRestore();
    stop();
    const log = lines.join('\n');
    const catalogue = JSON.stringify(await allRows());
    expect(log).toContain(user.id);
    for (const secret of [resetToken, verifying]) {
      for (const text of [log, catalogue, JSON.stringify(answers.map(({ body }) => body))]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(secret.slice(4));
      }
    }
    for (const secret of [mark, user.email, 'stripes']) expect(log).not.toContain(secret);
    expect(catalogue).not.toContain('stripes');
  });

  it('leave the answer before the account is looked for', async () => {
    const { user } = await newUser();
    const response = await send('/v1/auth/password/forgot', { body: { email: user.email } });
    expect(response.headers.get('server-timing')).toContain('desc="0 round trips"');
  });
});

const hashOf = (userId: string) =>
  env.DB.prepare('select password_hash from users where id = ?').bind(userId).first<string>('password_hash');

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}

async function update(change: string, { token, values = [] }: { token: string; values?: number[] }): Promise<void> {
  const { meta } = await env.DB.prepare(`update verifications set ${change} where token_hash = ?`)
    .bind(...values, await sha256(token))
    .run();
  expect(meta.changes).toBe(1);
}

async function onUser(token: string, change: string): Promise<void> {
  const statement = `update users set ${change} where id = (select user_id from verifications where token_hash = ?)`;
  await env.DB.prepare(statement)
    .bind(await sha256(token))
    .run();
}
