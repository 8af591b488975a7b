import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { FLOOD_PERIOD_SECONDS } from '../src/http/middleware/flood-wall.ts';
import { type Call, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';

type Problem = { code: string; status: number };

const anAddress = () => `198.51.100.7-${crypto.randomUUID()}`;

/** A wall that lets so many calls of each address through, and what it was asked. */
function wallOf(limit: number) {
  const counts = new Map<string, number>();
  const wall = {
    limit: async ({ key }: { key: string }) => {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return { success: (counts.get(key) ?? 0) <= limit };
    },
  };
  return { counts, bindings: { ...env, FLOOD_WALL: wall } };
}

const knock = (headers: Record<string, string>, options: Call = {}) =>
  call<Problem>('/v1/auth/password/strength', { body: { password: 'x' }, headers, ...options });

describe('the first wall', () => {
  it('stops an address that sends too much, says when to come back, and lets others in', async () => {
    const { bindings } = wallOf(3);
    const headers = { 'cf-connecting-ip': anAddress() };
    for (let index = 0; index < 3; index++) expect((await knock(headers, { bindings })).status).toBe(200);
    const stopped = await knock(headers, { bindings });
    expect([stopped.status, stopped.body.code, stopped.body.status]).toEqual([429, 'flood', 429]);
    expect(stopped.headers.get('content-type')).toBe('application/problem+json');
    expect(stopped.headers.get('retry-after')).toBe(String(FLOOD_PERIOD_SECONDS));
    expect(stopped.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await knock({ 'cf-connecting-ip': anAddress() }, { bindings })).status).toBe(200);
  });

  it('stops everything, before it costs anything, but the question whether the service is alive', async () => {
    const { bindings } = wallOf(0);
    const headers = { 'cf-connecting-ip': anAddress() };
    const never = { get: () => Promise.reject(new Error('asked')), idFromName: () => ({}) };
    const walled = { ...bindings, RATE_LIMITER: never as unknown as typeof env.RATE_LIMITER };
    const token = `cp_${'A'.repeat(43)}`;
    for (const path of ['/v1/me', '/v1/documents', '/openapi.json', '/docs/', '/nowhere']) {
      const stopped = await call<Problem>(path, { bindings: walled, headers, token });
      expect([stopped.status, roundTrips(stopped)], path).toEqual([429, 0]);
    }
    expect((await call('/health', { bindings: walled, headers })).status).toBe(200);
  });

  it('knows addresses by their network, and nobody without one', async () => {
    const { bindings, counts } = wallOf(1);
    await knock({ 'cf-connecting-ip': '2001:db8:1:2::1' }, { bindings });
    expect((await knock({ 'cf-connecting-ip': '2001:db8:1:2::2' }, { bindings })).status).toBe(429);
    for (let index = 0; index < 3; index++) expect((await knock({}, { bindings })).status).toBe(200);
    expect([...counts.keys()]).toEqual([expect.stringMatching(/^[\da-f]{64}$/)]);
  });

  it('does not end the service when the platform does not count', async () => {
    const broken = { limit: () => Promise.reject(new Error('down')) };
    const bindings = { ...env, FLOOD_WALL: broken };
    expect((await knock({ 'cf-connecting-ip': anAddress() }, { bindings })).status).toBe(200);
  });
});

describe('the platform’s binding', () => {
  it('stands in front of the service as it is deployed', async () => {
    expect(await env.FLOOD_WALL.limit({ key: crypto.randomUUID() })).toEqual({ success: true });
  });

  it('lets the first calls of each address through, and no more', async () => {
    const bindings = { ...env, FLOOD_WALL: env.SMALL_WALL };
    const [one, other] = [anAddress(), anAddress()];
    const statuses = [];
    for (let index = 0; index < 7; index++) {
      statuses.push((await knock({ 'cf-connecting-ip': one }, { bindings })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect((await knock({ 'cf-connecting-ip': other }, { bindings })).status).toBe(200);
  });
});
