import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { invalidField } from '../../shared/app-error.ts';
import { AmbiguousFormError, BrokenMultipartError } from '../../shared/multipart.ts';
import { MAX_FILES, readManyFiles } from '../../shared/multipart-files.ts';
import { formFingerprint as fingerprintOf } from '../../shared/upload-fingerprint.ts';
import type { AppContext } from '../context.ts';
import { isPiece, isUpload } from './body-limit.ts';

export const IDEMPOTENCY_HEADER = 'idempotency-key';
const KEY = /^[\x21-\x7e]{1,255}$/;
const MAX_ANSWER_BYTES = 256 * 1024;
const KEPT_HEADERS = ['content-type', 'location', 'etag', 'upload-offset', 'upload-expires'];
/** What some requests say here instead of in their body. */
const TELLING_HEADERS = ['upload-length', 'upload-metadata'];
/** Refusals that the same request always gets. Others depend on what there is, and may be worth another attempt. */
const LASTING_REFUSALS = [400, 413, 415, 422];

/**
 * Lets a POST with an `Idempotency-Key` take effect once: who sends it again gets the first answer. Runs behind
 * `authorize`, for keys belong to their user. Costs nothing without the header, two round trips with it.
 */
export const idempotent = createMiddleware<AppContext>(async (c, next) => {
  const key = c.req.header(IDEMPOTENCY_HEADER);
  if (key === undefined) return next();
  if (!KEY.test(key)) throw invalidField('Idempotency-Key', 'It must be 1 to 255 printable ASCII characters.');
  const { idempotency } = c.var.services;
  const upload = isUpload(c.req.header('content-type'));
  const known = await idempotency.begin(c.var.actor.userId, {
    key,
    operation: `${c.req.method} ${c.req.path}`,
    fingerprint: upload ? undefined : await bodyFingerprint(c),
    readFingerprint: () => formFingerprint(c),
  });
  if (known) {
    const headers = { ...known.headers, 'idempotency-replayed': 'true' };
    return new Response(known.body === '' ? null : known.body, { status: known.status, headers });
  }
  await next();
  await idempotency.finish(await keptAnswer(c.res));
});

/** What a request says: its query and its body, byte for byte. Pieces of a file are what they say of it. */
async function bodyFingerprint(c: Context<AppContext>): Promise<string> {
  const { search } = new URL(c.req.url);
  const told = TELLING_HEADERS.map((name) => c.req.header(name)).filter((value) => value !== undefined);
  const hash = createHash('sha256').update(`${[search, ...told].join('\n')}\n`);
  if (isPiece(c.req.header('content-type'))) return hash.digest('hex');
  return hash.update(new Uint8Array(await c.req.arrayBuffer())).digest('hex');
}

/** The same for an upload that was taken in before: read to its end, kept nowhere. */
async function formFingerprint(c: Context<AppContext>): Promise<string> {
  const { body } = c.req.raw;
  const contentType = c.req.header('content-type') ?? '';
  if (!body) return '';
  try {
    const form = { body, contentType, lists: ['tags'], maxFiles: MAX_FILES };
    const { files, fields } = await readManyFiles(form, async (incoming) => {
      const hash = createHash('sha256');
      for await (const bytes of incoming.body) hash.update(bytes);
      return { filename: incoming.filename, mediaType: incoming.mediaType, sha256: hash.digest('hex') };
    });
    return files.length > 0 ? fingerprintOf(files, fields) : '';
  } catch (error) {
    if (error instanceof BrokenMultipartError || error instanceof AmbiguousFormError) return '';
    throw error;
  }
}

/** What is worth keeping of an answer. Undefined for what may not be stored, is no JSON, or is too long. */
async function keptAnswer(response: Response) {
  const { status, headers } = response;
  const isSecret = headers.get('cache-control')?.includes('no-store') ?? false;
  const isLasting = response.ok || LASTING_REFUSALS.includes(status);
  const isText = response.body === null || /json/.test(headers.get('content-type') ?? '');
  if (isSecret || !isLasting || !isText) return undefined;
  const body = await response.clone().text();
  if (Buffer.byteLength(body) > MAX_ANSWER_BYTES) return undefined;
  const kept = KEPT_HEADERS.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) ?? ''] as const] : []));
  return { status, headers: Object.fromEntries(kept), body };
}
