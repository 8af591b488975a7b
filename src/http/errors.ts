import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { StatusCode } from 'hono/utils/http-status';
import type { ZodError } from 'zod';
import { AppError, ERROR_STATUS, type ErrorCode, type FieldError } from '../shared/app-error.ts';
import { TimeoutError } from '../shared/attempts.ts';
import { BreakerOpenError } from '../shared/breaker.ts';
import { fieldErrorsOf } from '../shared/field-errors.ts';
import { InvalidCursorError } from '../shared/page.ts';
import type { AppContext } from './context.ts';

const TITLES: Record<ErrorCode, string> = {
  malformed: 'Malformed request',
  unauthenticated: 'Not signed in',
  forbidden: 'Not allowed',
  not_found: 'Not found',
  method_not_allowed: 'Method not allowed',
  conflict: 'Conflict',
  gone: 'Gone',
  stale_version: 'Stale version',
  unsupported_version: 'Unsupported version',
  too_large: 'Too large',
  range_not_satisfiable: 'Range not satisfiable',
  unsupported_media_type: 'Unsupported media type',
  invalid_fields: 'Invalid fields',
  checksum_mismatch: 'Checksum mismatch',
  rate_limited: 'Too many requests',
  internal: 'Something went wrong',
  unavailable: 'Temporarily unavailable',
};

/** Renders any error as problem+json (RFC 9457). What was not thrown on purpose is logged whole and shown bland. */
export function renderError(error: unknown, c: Context<AppContext>): Response {
  const known = toAppError(error);
  if (known.kind === 'internal') c.var.logger.error('request.error', error, { requestId: c.var.requestId });
  const status = ERROR_STATUS[known.kind];
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (known.retryAfterSeconds !== undefined) headers['retry-after'] = String(known.retryAfterSeconds);
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  const problem = {
    type: `urn:commonplace:problem:${known.code}`,
    title: TITLES[known.kind],
    status,
    detail: known.message,
    code: known.code,
    requestId: c.var.requestId,
    ...(known.errors && { errors: known.errors }),
  };
  // Hono's types know registered statuses only.
  return c.newResponse(JSON.stringify(problem), status as StatusCode, headers);
}

/** What any error is to the caller. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof InvalidCursorError) return invalidFields([{ path: 'cursor', message: error.message }]);
  if (error instanceof HTTPException && error.status === 400) {
    return new AppError('malformed', 'The body is not valid JSON.');
  }
  if (error instanceof HTTPException && error.status === 415) {
    return new AppError('unsupported_media_type', 'Send the body as `Content-Type: application/json`.');
  }
  if (hasCause(error, TimeoutError) || hasCause(error, BreakerOpenError)) {
    return new AppError('unavailable', 'The service is busy; try again shortly.', { retryAfterSeconds: 2 });
  }
  return new AppError('internal', 'An unexpected error occurred. It has been logged under the request id.');
}

function hasCause(error: unknown, type: new (...args: never[]) => Error): boolean {
  if (error instanceof type) return true;
  return error instanceof Error && hasCause(error.cause, type);
}

function invalidFields(errors: FieldError[]): AppError {
  return new AppError('invalid_fields', 'Some fields are not valid.', { errors });
}

/** What a failed validation of path, query or body becomes. */
export function validationError(error: ZodError): AppError {
  return invalidFields(fieldErrorsOf(error));
}
