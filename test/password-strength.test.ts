import { describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { mailedToken } from './support/outbox.ts';

type Problem = { code: string; errors?: { path: string; message: string }[] };
type Strength = { score: number; label: string; reasons: string[]; suggestions: string[]; acceptable: boolean };
type Generated = { password: string; kind: string; entropyBits: number };

const NEW_PASSWORD = 'better horse battery';

const strength = (body: Record<string, unknown>) => call<Strength>('/v1/auth/password/strength', { body });
const forgot = (email: string) => call('/v1/auth/password/forgot', { body: { email } });
const reset = (token: string, newPassword = NEW_PASSWORD) =>
  call<Problem>('/v1/auth/password/reset', { body: { token, newPassword } });

/** A user who has asked for a new password, and the token from the mail. */
async function forgetful() {
  const someone = await newUser();
  await forgot(someone.user.email);
  return { ...someone, resetToken: await mailedToken(someone.user.email, 'cpw_') };
}

describe('the judgement of a password', () => {
  it('says how good it is, why, and what would help', async () => {
    const bad = await strength({ password: 'password123' });
    expect(bad.status).toBe(200);
    expect(bad.headers.get('cache-control')).toBe('no-store');
    expect(bad.body).toMatchObject({ label: 'very weak', acceptable: false });
    expect(bad.body.reasons).toEqual(['It is on lists of leaked passwords.']);
    expect(bad.body.suggestions.length).toBeGreaterThan(0);

    const good = await strength({ password: 'swampland-tidy-outgrow-cinch' });
    expect(good.body).toMatchObject({ label: 'strong', reasons: [], acceptable: true });
    expect(good.body.score).toBeGreaterThan(bad.body.score);
    expect(roundTrips(good)).toBe(0);
  });

  it('knows for whom it is', async () => {
    const owner = { username: 'Margaret', email: 'maggie.h@example.com' };
    for (const password of ['my-Margaret-1-and-more', 'maggie.h and her cat']) {
      const { body } = await strength({ password, ...owner });
      expect(body).toMatchObject({ acceptable: false, reasons: ['It contains your username or e-mail address.'] });
      expect((await strength({ password })).body.acceptable).toBe(true);
    }
  });

  it('takes the password of the example user, by the threshold of this environment only', async () => {
    const { body } = await strength({ password: 'Test123!', username: 'testuser', email: 'test@inmyhead.local' });
    expect(body).toMatchObject({ score: 29, label: 'weak', acceptable: true });
    const { createPasswordPolicy } = await import('../src/modules/identity/password-policy.ts');
    const production = createPasswordPolicy({ PASSWORD_MIN_SCORE: 50 });
    expect(await production.assess('Test123!')).toMatchObject({ score: 29, acceptable: false });
  });

  it('is the one by which registration, change and reset decide', async () => {
    const { user, token, password, resetToken } = await forgetful();
    const name = `u${crypto.randomUUID().slice(0, 13)}`;
    for (const weak of ['password123', 'qwertyuiop', 'P@ssw0rd', 'aaaaaaaaaaaa', 'abcdefgh1', `xx${user.username}`]) {
      expect((await strength({ password: weak, username: user.username })).body.acceptable, weak).toBe(false);
      const account = { email: `${name}@example.com`, username: user.username, password: weak };
      const refusals = [
        ['password', await call<Problem>('/v1/auth/register', { body: account })],
        ['newPassword', await reset(resetToken, weak)],
        [
          'newPassword',
          await call<Problem>('/v1/auth/password/change', {
            token,
            body: { currentPassword: password, newPassword: weak },
          }),
        ],
      ] as const;
      for (const [path, { status, body }] of refusals) {
        expect([status, body.code], weak).toEqual([422, 'weak_password']);
        expect(body.errors?.length).toBeGreaterThan(0);
        for (const error of body.errors ?? []) expect(error).toMatchObject({ path, message: expect.any(String) });
      }
    }
    expect((await reset(resetToken)).status).toBe(204);
  });
});

describe('a generated password', () => {
  const get = (query = '') => call<Generated>(`/v1/auth/password/generate${query}`);
  const post = (body: unknown) => call<Generated & Problem>('/v1/auth/password/generate', { body });

  it('has the characters or the words that were asked for', async () => {
    const plain = await get();
    expect(plain.headers.get('cache-control')).toBe('no-store');
    expect(plain.body.password).toMatch(/^[!-~]{20}$/);
    expect(plain.body).toMatchObject({ kind: 'characters', entropyBits: 129.8 });
    expect((await get('?length=32&symbols=false')).body.password).toMatch(/^[A-Za-z\d]{32}$/);
    expect((await get('?words=6')).body.password).toMatch(/^[a-z]+(-[a-z]+){5}$/);
    expect((await post({})).body.password).toHaveLength(20);
    const words = await post({ words: 5, separator: '.' });
    expect(words.body.password).toMatch(/^[a-z]+(\.[a-z]+){4}$/);
    expect(words.body).toMatchObject({ kind: 'words', entropyBits: 64.6 });
    expect((await strength({ password: words.body.password })).body.acceptable).toBe(true);
  });

  it.each([{ length: 11 }, { length: 129 }, { words: 3 }, { words: 17 }, { length: 20, words: 5 }, { separator: 'x' }])(
    'is not made from %j',
    async (recipe) => {
      expect((await post(recipe)).status).toBe(422);
      const query = new URLSearchParams(Object.entries(recipe).map(([name, value]) => [name, String(value)]));
      expect((await get(`?${query}`)).status).toBe(422);
    },
  );
});
