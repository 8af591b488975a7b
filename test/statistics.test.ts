import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { newApiKey, newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { uploaded } from './support/library.ts';

const stats = (token: string) => call('/v1/me/stats', { token });

describe('the figures of an account', () => {
  it('are all nothing at first, but for the session', async () => {
    const { token } = await newUser();
    expect((await stats(token)).body).toEqual({
      documents: 0,
      storageBytes: 0,
      collections: 0,
      tags: 0,
      searches: 0,
      apiKeys: 0,
      sessions: 1,
      loginCount: 0,
      lastLoginAt: null,
    });
  });

  it('count what is there, in one round trip, and nothing of anybody else', async () => {
    const { token, user, password } = await newUser();
    const stranger = await newUser();
    const content = 'The heron stood in the shallow water.';
    for (const owner of [token, token, stranger.token]) {
      await uploaded({ token: owner, content: `${content} ${crypto.randomUUID()}`, filename: 'heron.txt' });
    }
    await call('/v1/collections', { token, body: { name: 'Birds' } });
    for (const name of ['Water', 'Air']) await call('/v1/tags', { token, body: { name } });
    const { items } = (await call<{ items: { id: string; sizeBytes: number }[] }>('/v1/documents', { token })).body;
    await call(`/v1/documents/${items[0]?.id}`, { method: 'DELETE', token });
    const gone = await call('/v1/collections', { token, body: { name: 'Gone' } });
    await call(`/v1/collections/${gone.body.id}`, { method: 'DELETE', token });
    await call('/v1/search?q=heron', { token });
    await newApiKey({ token }, ['account:read']);
    await call('/v1/auth/login', { body: { identifier: user.username, password } });

    const answer = await stats(token);
    expect(roundTrips(answer)).toBe(1);
    expect(answer.body).toEqual({
      documents: 2,
      storageBytes: items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      collections: 1,
      tags: 2,
      searches: 1,
      apiKeys: 1,
      sessions: 2,
      loginCount: 1,
      lastLoginAt: expect.any(String),
    });
    await env.DB.prepare('update user_sessions set refresh_expires_at = 1 where user_id = ? and access_expires_at > 0')
      .bind(user.id)
      .run();
    expect((await stats(token)).body.sessions).toBe(0);
  });
});
