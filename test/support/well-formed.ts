import { expect } from 'vitest';
import { problemSchema } from '../../src/http/openapi.ts';
import { type Answer, type Call, call } from './app.ts';
import type { Operation } from './openapi-operations.ts';

const REQUIRED_HEADERS: Record<string, RegExp> = {
  'content-security-policy': /default-src 'none'/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'strict-transport-security': /max-age=\d{8}/,
  'cross-origin-resource-policy': /^same-site$/,
  'server-timing': /db;dur=/,
};

/** What any route may answer without saying so: they come from outside of it. */
const GENERAL_STATUSES = [413, 415, 503];

/** A request whose answer must keep the rules that hold for every answer of the API. */
export async function checkedCall<T = unknown>(
  path: string,
  options: Call & { operation?: Operation } = {},
): Promise<Answer<T>> {
  const { operation, ...request } = options;
  const requestId = `check-${crypto.randomUUID()}`;
  const answer = await call<T>(path, { ...request, headers: { ...request.headers, 'x-request-id': requestId } });
  const what = `${request.method ?? ''} ${path} → ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 300)}`;
  expectWellFormed(answer, { what, requestId });
  if (operation && !GENERAL_STATUSES.includes(answer.status)) {
    expect(operation.statuses, `undeclared: ${what}`).toContain(String(answer.status));
  }
  return answer;
}

function expectWellFormed(answer: Answer, { what, requestId }: { what: string; requestId: string }): void {
  for (const [header, pattern] of Object.entries(REQUIRED_HEADERS)) {
    expect(answer.headers.get(header) ?? '', `${header} of ${what}`).toMatch(pattern);
  }
  expect(answer.headers.get('x-powered-by'), what).toBeNull();
  expect(answer.headers.get('x-request-id'), what).toBe(requestId);
  expect(answer.status, what).toBeLessThan(500);
  if (answer.status < 400) return;
  expect(answer.headers.get('content-type'), what).toBe('application/problem+json');
  const problem = problemSchema.strict().parse(answer.body);
  expect(problem, what).toMatchObject({ status: answer.status, requestId });
  expect(problem.type, what).toBe(`urn:commonplace:problem:${problem.code}`);
  if (answer.status === 422) expect(problem.errors?.length, what).toBeGreaterThan(0);
  if (answer.status === 401) expect(answer.headers.get('www-authenticate'), what).toBe('Bearer');
}
