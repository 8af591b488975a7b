import { createRoute, type OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import type { Scope } from '../shared/actor.ts';
import { ERROR_STATUS, type ErrorCode } from '../shared/app-error.ts';
import type { AppContext } from './context.ts';
import { audited } from './middleware/audit.ts';
import { authorize } from './middleware/authorize.ts';
import { IDEMPOTENCY_HEADER, idempotent } from './middleware/idempotency.ts';
import { limitAddress } from './middleware/rate-limit.ts';

/** A module's routes, mounted by `createApp`. */
export type Router = OpenAPIHono<AppContext>;

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem', {
    example: {
      type: 'urn:commonplace:problem:not_found',
      title: 'Not found',
      status: 404,
      detail: 'There is no such document.',
      code: 'not_found',
      requestId: '0199c0de-0000-7000-8000-000000000000',
    },
  });

const DESCRIPTIONS: Record<ErrorCode, string> = {
  malformed: 'The request cannot be parsed.',
  unauthenticated: 'No valid credential was given.',
  forbidden: 'The credential lacks the scope that this route needs.',
  not_found: 'There is no such thing, or it is not yours.',
  method_not_allowed: 'The path takes other methods; `Allow` names them.',
  conflict: 'The state of the thing does not allow this.',
  gone: 'It was there, and is no more.',
  stale_version: 'The thing has changed since the version that you gave.',
  unsupported_version: 'The version of the protocol is not spoken here; `Tus-Version` names those that are.',
  too_large: 'The body is larger than allowed.',
  range_not_satisfiable: 'The range lies outside the file.',
  unsupported_media_type: 'The body is of a type that this route does not take.',
  invalid_fields: 'Some fields are not valid; `errors` names them.',
  checksum_mismatch: 'The bytes do not have the checksum that came with them.',
  rate_limited: 'Too many requests; `Retry-After` says when to try again.',
  internal: 'Something went wrong on our side.',
  unavailable: 'A dependency does not answer; try again shortly.',
};

type ProblemResponse = {
  description: string;
  content: { 'application/problem+json': { schema: typeof problemSchema } };
};

/** Declares the errors that a route gives. */
export function problems(...codes: ErrorCode[]): Record<string, ProblemResponse> {
  return Object.fromEntries(
    codes.map((code) => [
      String(ERROR_STATUS[code]),
      { description: DESCRIPTIONS[code], content: { 'application/problem+json': { schema: problemSchema } } },
    ]),
  );
}

/** A JSON answer. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** A JSON body that must be there. */
export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { 'application/json': { schema } },
});

export const idParam = (what: string) =>
  z.object({
    id: z.uuid().openapi({ param: { name: 'id', in: 'path' }, description: `Id of the ${what}.` }),
  });

/** A route for anyone. */
export function publicRoute<const R extends RouteConfig>(config: R) {
  return createRoute({
    ...config,
    security: [],
    middleware: isProbe(config) ? ([passOn, passOn] as const) : ([audited(config), limitAddress] as const),
    responses: { ...limitProblems(config), ...bodyProblems(config), ...config.responses } as R['responses'],
  });
}

/** A route for callers whose credential has the scope. */
export function scopedRoute<const R extends RouteConfig>(scope: Scope, config: R) {
  const isRepeatable = takesIdempotencyKey(config);
  const always = {
    ...problems('unauthenticated', 'forbidden', 'rate_limited'),
    ...(isRepeatable && problems('conflict', 'invalid_fields')),
    ...bodyProblems(config),
  };
  return createRoute({
    ...config,
    ...(isRepeatable && { parameters: [IDEMPOTENCY_PARAMETER] }),
    security: [{ bearer: [] }],
    'x-required-scope': scope,
    middleware: [audited(config, scope), authorize(scope), isRepeatable ? idempotent : passOn] as const,
    responses: { ...always, ...config.responses } as R['responses'],
  });
}

const IDEMPOTENCY_PARAMETER = {
  name: IDEMPOTENCY_HEADER,
  in: 'header' as const,
  required: false,
  description:
    'Makes this request take effect once: sent again within 24 hours with the same key and content, it gets the first ' +
    'answer, with `Idempotency-Replayed: true`. A new UUID for each request is best.',
  schema: { type: 'string' as const, minLength: 1, maxLength: 255 },
};

/**
 * Passwords and tokens have no business in a table of requests; what `/v1/auth` and `/v1/me` do is safe to try again, or
 * fails. Bytes of an upload are taken once, at their place.
 */
const takesIdempotencyKey = ({ method, path }: RouteConfig) =>
  method === 'post' && !/^\/v1\/((auth|me)\/|uploads\/\{id\}$)/.test(path);

/** Who watches whether the service is alive must be answered even when nothing else works. */
const isProbe = ({ path }: RouteConfig) => path === '/health';
const limitProblems = (config: RouteConfig) => (isProbe(config) ? {} : problems('rate_limited'));

const passOn = createMiddleware<AppContext>((_, next) => next());

/** What any route may answer to a body before it is even looked at. */
function bodyProblems({ method, request }: RouteConfig) {
  if (request?.body) return problems('malformed', 'too_large', 'unsupported_media_type', 'invalid_fields');
  return method === 'get' ? {} : problems('too_large');
}
