import { env } from 'cloudflare:workers';
import { expect, vi } from 'vitest';
import { newUser, type TestUser } from './actors.ts';
import { type Call, call } from './app.ts';
import {
  createSoftwareAuthenticator,
  type RequestOptions,
  type SoftwareAuthenticator,
} from './software-authenticator.ts';
import { codeOf, STEP_MS } from './totp-codes.ts';

export type Problem = { status: number; code: string; detail: string; errors?: { path: string }[] };
export type SignedIn = { user: TestUser['user']; session: { id: string; accessToken: string; refreshToken: string } };
export type LoginAnswer = SignedIn & Problem & { twoFactorRequired: true; ticket: string; methods: string[] };

export const login = (user: Pick<TestUser, 'user' | 'password'>, options: Call = {}) =>
  call<LoginAnswer>('/v1/auth/login', {
    body: { identifier: user.user.username, password: user.password },
    ...options,
  });

export const verify = (ticket: string, code: string, options: Call = {}) =>
  call<SignedIn & Problem>('/v1/auth/two-factor/verify', { body: { ticket, code }, ...options });

/** A user for whom the password is not enough. The code that has turned it on is of the step before the present one. */
export async function newTwoFactorUser(): Promise<TestUser & { secret: string; recoveryCodes: string[] }> {
  const user = await newUser();
  const { token, password } = user;
  const enrolled = await call<{ secret: string }>('/v1/me/two-factor/enroll', { token, body: { password } });
  expect(enrolled.status, JSON.stringify(enrolled.body)).toBe(200);
  const { secret } = enrolled.body;
  const confirmed = await call<{ recoveryCodes: string[] }>('/v1/me/two-factor/confirm', {
    token,
    body: { code: codeOf(secret, -1) },
  });
  expect(confirmed.status, JSON.stringify(confirmed.body)).toBe(200);
  return { ...user, secret, recoveryCodes: confirmed.body.recoveryCodes };
}

/** A ticket of the user's. */
export async function newTicket(user: Pick<TestUser, 'user' | 'password'>): Promise<string> {
  const { body } = await login(user);
  expect(body.ticket, JSON.stringify(body)).toMatch(/^cpt_/);
  return body.ticket;
}

/** Options for a new passkey of the user's. */
export const startRegistration = ({ token }: Pick<TestUser, 'token'>, options: Call = {}) =>
  call('/v1/me/passkeys/registration/options', { method: 'POST', token, ...options });

/** Options for a login with any passkey. */
export const startPasskeyLogin = async (): Promise<RequestOptions> =>
  (await call('/v1/auth/passkeys/options', { method: 'POST' })).body.publicKey;

export const logInWithPasskey = (response: object) =>
  call<SignedIn & Problem>('/v1/auth/passkeys/verify', { body: { response } });

/** Options for the ticket holder's passkeys. */
export const startPasskeyFactor = (ticket: string) => call('/v1/auth/two-factor/passkey/options', { body: { ticket } });

export const verifyPasskeyFactor = (ticket: string, response: object) =>
  call<SignedIn & Problem>('/v1/auth/two-factor/passkey/verify', { body: { ticket, response } });

/** How often the user has logged in, as the account counts it. */
export const loginCount = ({ user }: Pick<TestUser, 'user'>) =>
  env.DB.prepare('select login_count from users where id = ?').bind(user.id).first<number>('login_count');

/** Lets the user's first session have been opened longer ago. */
export const ageSession = ({ sessionId }: Pick<TestUser, 'sessionId'>, milliseconds: number) =>
  env.DB.prepare('update user_sessions set created_at = created_at - ? where id = ?')
    .bind(milliseconds, sessionId)
    .run();

/** A passkey of the user's in an authenticator. */
export async function newPasskey(
  { token }: Pick<TestUser, 'token'>,
  authenticator: SoftwareAuthenticator = createSoftwareAuthenticator(),
): Promise<{ id: string; authenticator: SoftwareAuthenticator }> {
  const options = await startRegistration({ token });
  expect(options.status, JSON.stringify(options.body)).toBe(200);
  const response = await authenticator.create(options.body.publicKey);
  const made = await call<{ id: string }>('/v1/me/passkeys/registration/verify', {
    token,
    body: { name: 'Test passkey', response },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return { id: made.body.id, authenticator };
}

/** Stops the clock in the middle of a time step, so that no code turns into another's neighbour during a story. */
export function stopClock(laterMs = 0): void {
  const step = Math.floor(Date.now() / STEP_MS);
  vi.useFakeTimers({ toFake: ['Date'], now: (step + 0.5) * STEP_MS + laterMs });
}
