import { env } from 'cloudflare:workers';
import { expect, vi } from 'vitest';
import { call } from './app.ts';
import { deliver } from './clockwork.ts';
import type { JobView } from './library.ts';

export type ResourceView = {
  id: string;
  status: string;
  type: string | null;
  url: string;
  documentId: string | null;
  version: number;
  error: { code: string; message: string } | null;
  quality: { score: number; reasons: { code: string; points: number }[] } | null;
  usage: { fetches: number; opens: number; discovered: number; accepted: number };
  [field: string]: unknown;
};
export type Added = { resource: ResourceView; job: JobView };

type Site = (request: { url: URL; headers: Headers }) => Response | Promise<Response>;

const RESOLVER = 'https://dns.example.net/dns-query';
/** Variables of an isolate that fetches from the web, without waiting between two requests. */
export const ONLINE: Record<string, unknown> = { FETCH_DNS_URL: RESOLVER, FETCH_GAP_MS: '0' };

/** Such an isolate; the others of the tests fetch nothing. */
export const online = { ...env, ...ONLINE };

/** The web in place of the network: sites by host. Every name leads somewhere public but those that are said not to. */
export function fakeWeb(sites: Record<string, Site>, { addresses = {} }: { addresses?: Record<string, string> } = {}) {
  const requests: { url: string; headers: Headers }[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const url = new URL(String(input instanceof Request ? input.url : input));
    if (url.href.startsWith(RESOLVER)) return answerName(url, addresses);
    const headers = new Headers(init?.headers);
    requests.push({ url: url.href, headers });
    const site = sites[url.host];
    if (!site) throw new TypeError('Network connection lost.');
    return site({ url, headers });
  });
  return { sites, requests, asked: (path: string) => requests.filter(({ url }) => url.endsWith(path)).length };
}

function answerName({ searchParams }: URL, addresses: Record<string, string>): Response {
  const data = addresses[searchParams.get('name') ?? ''] ?? '93.184.215.14';
  return Response.json({ Status: 0, Answer: searchParams.get('type') === 'A' ? [{ type: 1, data }] : [] });
}

export const html = (body: string, headers: Record<string, string> = {}) =>
  new Response(`<!doctype html><html lang="en">${body}</html>`, {
    headers: { 'content-type': 'text/html', ...headers },
  });

export const article = (subject: string, head = '') =>
  `<head><title>${subject} — The Journal</title>${head}</head><body><nav><a href="/">Home</a></nav><article>
    <h1>${subject}</h1>${`<p>The ${subject} stands in the shallow water and waits, for hours if need be, until something
    comes near enough to be caught; then it is quick, and rarely misses.</p>`.repeat(8)}</article></body>`;

export const add = (token: string, body: Record<string, unknown>) =>
  call<Added>('/v1/resources', { token, body, bindings: online });

/** Takes an address in; the job is the test's to run. */
export async function added(token: string, body: Record<string, unknown>): Promise<Added> {
  const answer = await add(token, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body;
}

/** Runs a job once, as its message would have it. */
export async function run(token: string, { id }: Pick<JobView, 'id'>, bindings = online): Promise<JobView> {
  await deliver({ jobId: id }, bindings);
  return (await call<JobView>(`/v1/jobs/${id}`, { token })).body;
}

export const resource = async (token: string, id: string) =>
  (await call<ResourceView>(`/v1/resources/${id}`, { token })).body;

/** Takes an address in, fetches it, and reads what was fetched. */
export async function fetched(token: string, body: Record<string, unknown>) {
  const { resource: accepted, job } = await added(token, body);
  const done = await run(token, job);
  await readBy(token, done);
  return { job: done, resource: await resource(token, accepted.id) };
}

/** Reads the document that a fetch has made or changed. */
export async function readBy(token: string, { result }: JobView): Promise<void> {
  const id = result?.processingJobId;
  if (typeof id === 'string') expect((await run(token, { id })).status).toBe('succeeded');
}

export const act = (token: string, { id }: Pick<ResourceView, 'id'>, verb: 'accept' | 'dismiss' | 'check') =>
  call<Added & ResourceView & { code: string }>(`/v1/resources/${id}/${verb}`, {
    method: 'POST',
    token,
    bindings: online,
  });
