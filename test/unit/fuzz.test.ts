import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient } from '../../scripts/client.ts';
import { createBench, type Report } from '../../scripts/fuzz/bench.ts';
import { type Operation, readDescription } from '../../scripts/fuzz/description.ts';
import { createDice } from '../../scripts/fuzz/dice.ts';
import { declared, type Probe } from '../../scripts/fuzz/probe.ts';
import { probesOf } from '../../scripts/fuzz/probes.ts';
import { renderReport } from '../../scripts/fuzz/report.ts';
import type { Person, World } from '../../scripts/fuzz/world.ts';

const ID = '0199c0de-0000-7000-8000-000000000000';
const named = {
  Tag: { type: 'object', properties: { id: { type: 'string' }, name: { type: 'string' } }, required: ['id', 'name'] },
};
const tagAnswer = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Tag' } } } };
const problem = { content: { 'application/problem+json': { schema: { type: 'object' } } } };
const DESCRIPTION = {
  paths: {
    '/v1/tags/{id}': {
      patch: {
        operationId: 'changeTag',
        security: [{ bearer: [] }],
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/NewTag' } } } },
        responses: { 200: tagAnswer, 401: problem, 404: problem, 422: problem },
      },
    },
  },
  components: {
    schemas: { ...named, NewTag: { type: 'object', properties: { name: { type: 'string', maxLength: 9 } } } },
  },
};

const HEADERS = {
  'content-security-policy': "default-src 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'cross-origin-resource-policy': 'same-site',
  'cache-control': 'private, no-cache',
  'x-request-id': 'request-1',
  'server-timing': 'db;dur=0',
};

type Given = { method: string; url: string; body: string; headers: Record<string, string | undefined> };
type Answer = { status: number; body?: unknown; headers?: Record<string, string | undefined> };

const problemOf = (status: number, code: string, detail = 'It is so.') => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: { type: `urn:commonplace:problem:${code}`, title: 'No', status, detail, code, requestId: 'request-1' },
});
const GOOD: Answer = { status: 200, body: { id: ID, name: 'a' } };

let server: Server | undefined;
afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))));

/** A server with a flaw, and a bench that asks it as somebody who must not see “secretOfBob”. */
async function benchFor(answer: (given: Given) => Answer) {
  const listening = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '' } = request;
      const headers = { authorization: request.headers.authorization };
      const given = answer({ method, url, headers, body: Buffer.concat(parts).toString() });
      const all = { ...HEADERS, 'content-type': 'application/json', connection: 'close', ...given.headers };
      response.writeHead(
        given.status,
        Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
      );
      response.end(
        given.body === undefined ? '' : typeof given.body === 'string' ? given.body : JSON.stringify(given.body),
      );
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  const baseUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const person = (name: string): Person => ({
    id: `id-of-${name}`,
    username: name,
    password: 'x',
    client: createClient(baseUrl, `token-of-${name}`),
    bait: `baitOf${name}`,
    secret: `secretOf${name}`,
    belongings: new Map(name === 'Ada' ? [['tags', ID]] : []),
  });
  const world: World = {
    ada: person('Ada'),
    bob: person('Bob'),
    victim: person('Victim'),
    seen: { tokens: new Map(), cursors: new Map() },
  };
  const report: Report = { rounds: 1, calls: 0, tallies: new Map(), findings: [] };
  const description = readDescription(DESCRIPTION);
  const [operation] = description.operations;
  if (!operation) throw new Error('The description describes nothing.');
  return { ...createBench({ baseUrl, description, world, report }), operation, description, report, world };
}

const request = (probe: Partial<Probe> = {}): Probe => ({
  ...declared('valid', {
    method: 'PATCH',
    target: `/v1/tags/${ID}?x=1`,
    headers: [],
    body: Buffer.from('{"name":"a"}'),
  }),
  ...probe,
});

describe('an answer', () => {
  it.each<[what: string, rule: string | undefined, answer: Answer, probe?: Partial<Probe>]>([
    ['that is right', undefined, GOOD],
    ['that is a right refusal', undefined, problemOf(404, 'not_found')],
    ['of the server’s failing', 'server error', problemOf(500, 'internal')],
    ['of a status that is not declared', 'undeclared status', problemOf(409, 'conflict')],
    ['that lacks a field', 'schema', { status: 200, body: { id: ID } }],
    ['with a field too many', 'schema', { status: 200, body: { id: ID, name: 'a', passwordHash: 'x' } }],
    ['that is no JSON', 'schema', { status: 200, body: '{"id":' }],
    ['of another type', 'content type', { ...GOOD, headers: { 'content-type': 'text/html' } }],
    ['without a header that protects', 'header', { ...GOOD, headers: { 'x-content-type-options': undefined } }],
    ['that may be stored by anybody', 'header', { ...GOOD, headers: { 'cache-control': 'public' } }],
    ['with the stack', 'leak', problemOf(404, 'not_found', 'Error\n at find (file:///app/x.ts:3:1)')],
    ['with SQL', 'leak', problemOf(404, 'not_found', 'D1_ERROR: near "x": syntax error')],
    ['in programmers’ words', 'leak', problemOf(404, 'not_found', 'received undefined')],
    ['that is no problem', 'problem', { ...problemOf(404, 'not_found'), body: { error: 'no' } }],
    ['whose problem says another status', 'problem', { ...problemOf(404, 'x'), body: problemOf(422, 'x').body }],
    ['that names no field', 'problem', problemOf(422, 'invalid_fields')],
    ['without the request for a credential', 'header', problemOf(401, 'unauthenticated')],
    ['with somebody else’s secret', 'isolation', { status: 200, body: { id: ID, name: 'secretOfBob' } }],
    ['with somebody else’s id', 'isolation', { status: 200, body: { id: 'id-of-Bob', name: 'x' } }],
    ['that lets somebody in', 'not refused', GOOD, { expects: 'refused' }],
    ['to nobody', 'not 401', problemOf(404, 'not_found'), { expects: 'unauthenticated' }],
    ['404 to a wrong method', 'not 405', problemOf(404, 'not_found'), { expects: 'wrong-method' }],
    ['405 without Allow', 'Allow', problemOf(405, 'method_not_allowed'), { expects: 'wrong-method' }],
  ])('%s: %s', async (_, rule, answer, probe) => {
    const { tryProbe, operation, report } = await benchFor(() => answer);
    await tryProbe(operation, request(probe));
    expect(new Set(report.findings.map((finding) => finding.rule))).toEqual(new Set(rule === undefined ? [] : [rule]));
    expect(report.tallies.get('PATCH /v1/tags/{id}')).toEqual({ [answer.status]: 1 });
  });

  it('to what only administrators may do is asked for by one, who sees people', async () => {
    const bench = await benchFor(({ headers }) =>
      headers.authorization === 'Bearer token-of-Root' ? { status: 200, body: { id: 'id-of-Bob', name: 'x' } } : GOOD,
    );
    bench.world.admin = { ...bench.world.victim, client: createClient('', 'token-of-Root') };
    await bench.tryProbe({ ...bench.operation, requiredScope: 'admin' }, request());
    expect(bench.report.findings).toEqual([]);
    expect(bench.report.tallies.get(bench.operation.name)).toEqual({ 200: 1 });
    await bench.tryProbe(
      { ...bench.operation, requiredScope: 'admin' },
      request({ as: 'stranger', expects: 'refused' }),
    );
    expect(bench.report.findings.map(({ rule }) => rule)).toContain('not refused');
  });

  it('that never comes is a finding, unless what was asked was broken', async () => {
    const { tryProbe, operation, report } = await benchFor(() => GOOD);
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    await tryProbe(operation, request({ expects: 'broken-wire' }));
    expect(report.findings).toEqual([]);
    await tryProbe(operation, request());
    expect(report.findings).toMatchObject([{ rule: 'no answer' }]);
  });

  it('may repeat what was sent, even where it looks like a leak', async () => {
    const { tryProbe, operation, report } = await benchFor(() => problemOf(404, 'not_found', 'There is no undefined.'));
    const body = Buffer.from('{"undefined":1}');
    await tryProbe(operation, request({ wire: { ...request().wire, body } }));
    expect(report.findings).toEqual([]);
  });

  it('is asked for as who sends it, and told with the smallest request that shows it', async () => {
    const tokens: unknown[] = [];
    const { tryProbe, operation, report } = await benchFor(({ headers, body }) => {
      tokens.push(headers.authorization);
      return body.includes('\\u0000') ? problemOf(500, 'internal') : GOOD;
    });
    await tryProbe(operation, request());
    await tryProbe(operation, request({ as: 'stranger' }));
    await tryProbe(operation, request({ as: 'nobody' }));
    expect(tokens).toEqual(['Bearer token-of-Ada', 'Bearer token-of-Bob', undefined]);
    const bad = Buffer.from(JSON.stringify({ name: 'a\0', other: 'x'.repeat(500) }));
    await tryProbe(operation, request({ wire: { ...request().wire, body: bad } }));
    expect(report.findings).toMatchObject([{ rule: 'server error', operation: operation.name }]);
    expect(report.findings[0]?.curl).toMatch(/'http:\S+' -H .* --data-binary '\{"name":"a\\u0000"\}'$/);
    const text = renderReport(report, { seed: 7, seconds: 1 });
    expect(text).toContain('seed 7: 1 findings');
    expect(text).toMatch(/PATCH \/v1\/tags\/\{id\} {2}\s*\d+/);
  });
});

describe('what is tried', () => {
  const probesFor = (operation: Operation, { seed = 1, thinning = 1 } = {}) => {
    const description = readDescription(DESCRIPTION);
    const dice = createDice(seed, 'test');
    const makingNow = () => ({ dice, named: description.named, known: () => undefined });
    return [...probesOf(operation, { description, makingNow, thinning })];
  };

  it('is decided by the seed alone, and is less when it is thinned', async () => {
    const { operation } = await benchFor(() => GOOD);
    const first = probesFor(operation);
    expect(probesFor(operation)).toEqual(first);
    expect(probesFor(operation, { seed: 2 })).not.toEqual(first);
    expect(first.length).toBeGreaterThan(50);
    expect(probesFor(operation, { thinning: 5 }).length).toBeLessThan(first.length / 2);
  });

  it.each<[flaw: string, rule: string, answer: (given: Given) => Answer]>([
    [
      'falls over a null byte',
      'server error',
      ({ body }) => (body.includes('\\u0000') ? problemOf(500, 'internal') : GOOD),
    ],
    [
      'takes names that are too long',
      'server error',
      ({ body }) => (/"y{10}"/.test(body) ? problemOf(500, 'internal') : GOOD),
    ],
    ['shows things to anybody', 'not 401', () => GOOD],
    [
      'answers 404 to every other method',
      'not 405',
      ({ method }) => (method === 'PATCH' ? GOOD : problemOf(404, 'not_found')),
    ],
  ])('finds an API that %s', async (_, rule, answer) => {
    const { tryProbe, operation, report } = await benchFor(answer);
    for (let seed = 1; seed <= 8; seed++) {
      for (const probe of probesFor(operation, { seed })) {
        const isAboutAccess = probe.as !== undefined;
        if (probe.expects !== 'broken-wire' && isAboutAccess === (rule === 'not 401')) await tryProbe(operation, probe);
      }
    }
    expect(report.findings.map((finding) => finding.rule)).toContain(rule);
  });
});
