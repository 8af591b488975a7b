import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { CALLS_PER_QUESTION, FLOOD_PERIOD_SECONDS } from '../src/limit-objects/flood-wall.ts';
import { type Call, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';

type Problem = { code: string; status: number };

const anAddress = () => `198.51.100.7-${crypto.randomUUID()}`;

/** A wall that so often says yes for each address, and how often it was asked. */
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

/** So many calls at once. @returns how many were let through. */
async function letThrough(calls: number, headers: Record<string, string>, options: Call): Promise<number> {
  const answers = await Promise.all(Array.from({ length: calls }, () => knock(headers, options)));
  return answers.filter(({ status }) => status === 200).length;
}

describe('the first wall', () => {
  it('stops an address that sends too much, says when to come back, and lets others in', async () => {
    const { bindings } = wallOf(2);
    const headers = { 'cf-connecting-ip': anAddress() };
    expect(await letThrough(59, headers, { bindings })).toBe(59);
    const stopped = await knock(headers, { bindings });
    expect([stopped.status, stopped.body.code, stopped.body.status]).toEqual([429, 'flood', 429]);
    expect(stopped.headers.get('content-type')).toBe('application/problem+json');
    expect(stopped.headers.get('retry-after')).toBe(String(FLOOD_PERIOD_SECONDS));
    expect(stopped.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await letThrough(30, headers, { bindings })).toBe(0);
    expect((await knock({ 'cf-connecting-ip': anAddress() }, { bindings })).status).toBe(200);
  });

  it('asks the platform once for twenty calls, and nothing for those who send fewer', async () => {
    const { bindings, counts } = wallOf(1_000);
    const headers = { 'cf-connecting-ip': anAddress() };
    await letThrough(CALLS_PER_QUESTION - 1, headers, { bindings });
    expect([...counts.values()]).toEqual([]);
    await letThrough(CALLS_PER_QUESTION * 2, headers, { bindings });
    expect([...counts.values()]).toEqual([2]);
  });

  it('stops everything, before it costs anything, but the question whether the service is alive', async () => {
    const { bindings } = wallOf(0);
    const headers = { 'cf-connecting-ip': anAddress() };
    await letThrough(CALLS_PER_QUESTION, headers, { bindings });
    for (const path of ['/v1/me', '/v1/documents', '/openapi.json', '/docs/', '/nowhere']) {
      const stopped = await call<Problem>(path, { bindings, headers, token: `cp_${'A'.repeat(43)}` });
      expect([stopped.status, roundTrips(stopped)], path).toEqual([429, 0]);
    }
    expect((await call('/health', { bindings, headers })).status).toBe(200);
  });

  it('knows addresses by their network, and nobody without one', async () => {
    const { bindings, counts } = wallOf(1_000);
    await letThrough(10, { 'cf-connecting-ip': '2001:db8:1:2::1' }, { bindings });
    await letThrough(10, { 'cf-connecting-ip': '2001:db8:1:2::2' }, { bindings });
    await letThrough(CALLS_PER_QUESTION, {}, { bindings });
    expect([...counts]).toEqual([[expect.stringMatching(/^[\da-f]{64}$/), 1]]);
  });

  it('does not end the service when the platform does not count', async () => {
    const broken = { limit: () => Promise.reject(new Error('down')) };
    const bindings = { ...env, FLOOD_WALL: broken };
    expect(await letThrough(50, { 'cf-connecting-ip': anAddress() }, { bindings })).toBe(50);
  });
});

/** What the binding SMALL_WALL of the tests lets through. */
const SMALL_WALL = 5;

describe('the platform’s binding', () => {
  it('stands in front of the service as it is deployed', async () => {
    expect(await env.FLOOD_WALL.limit({ key: crypto.randomUUID() })).toEqual({ success: true });
  });

  it('lets the first calls of each address through, and no more', async () => {
    const bindings = { ...env, FLOOD_WALL: env.SMALL_WALL };
    const [one, other] = [anAddress(), anAddress()];
    const headers = { 'cf-connecting-ip': one };
    const calls = CALLS_PER_QUESTION * (SMALL_WALL + 1) - 1;
    expect(await letThrough(calls, headers, { bindings })).toBe(calls);
    expect((await knock(headers, { bindings })).status).toBe(429);
    expect(await letThrough(10, headers, { bindings })).toBe(0);
    expect((await knock({ 'cf-connecting-ip': other }, { bindings })).status).toBe(200);
  });
});
