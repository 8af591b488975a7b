import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { call } from './app.ts';

export type TestUser = {
  user: { id: string; email: string; username: string; fullName: string | null; version: number };
  sessionId: string;
  /** The session's access token. */
  token: string;
  refreshToken: string;
  password: string;
};

export type NewUser = { email?: string; username?: string; password?: string; fullName?: string };

type Registered = Pick<TestUser, 'user'> & { session: { id: string; accessToken: string; refreshToken: string } };

/** Registers a user that no other test knows, through the API. */
export async function newUser(overrides: NewUser = {}): Promise<TestUser> {
  const username = `user-${crypto.randomUUID().slice(0, 13)}`;
  const password = overrides.password ?? `Pw-${crypto.randomUUID()}`;
  const answer = await call<Registered>('/v1/auth/register', {
    body: { email: `${username}@example.com`, username, ...overrides, password },
  });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  const { user, session } = answer.body;
  return { user, sessionId: session.id, token: session.accessToken, refreshToken: session.refreshToken, password };
}

/** A user whom the catalogue knows as an administrator, and a session with that role. */
export async function newAdmin(overrides: NewUser = {}): Promise<TestUser> {
  const made = await newUser(overrides);
  await env.DB.prepare("update users set role = 'admin' where id = ?").bind(made.user.id).run();
  const { body } = await call<Registered>('/v1/auth/login', {
    body: { identifier: made.user.username, password: made.password },
  });
  const { session } = body;
  return { ...made, sessionId: session.id, token: session.accessToken, refreshToken: session.refreshToken };
}

/** An API key of the user with exactly these scopes. */
export async function newApiKey(
  owner: Pick<TestUser, 'token'>,
  scopes: readonly string[],
): Promise<{ id: string; key: string }> {
  const answer = await call<{ id: string; key: string }>('/v1/api-keys', {
    token: owner.token,
    body: { name: 'Test key', scopes },
  });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return { id: answer.body.id, key: answer.body.key };
}
