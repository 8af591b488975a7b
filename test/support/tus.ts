import { env } from 'cloudflare:workers';
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { type Answer, type Call, call, send } from './app.ts';
import type { DocumentView } from './library.ts';

export type UploadView = {
  id: string;
  status: string;
  filename: string;
  mediaType: string;
  sizeBytes: number;
  receivedBytes: number;
  documentId: string | null;
  expiresAt: string;
};

type Problem = { code: string; detail: string; errors?: { path: string }[] };
type Bytes = Uint8Array | ReadableStream<Uint8Array>;
type Person = { token: string };
type More = Pick<Call, 'headers' | 'bindings'>;

export const PART_BYTES = 5 * 1024 * 1024;
const VERSION = { 'tus-resumable': '1.0.0' };
const PIECE = { 'content-type': 'application/offset+octet-stream' };

/** The header `Upload-Metadata`. */
export const metadataOf = (fields: Record<string, string>): string =>
  Object.entries(fields)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');

/** Any bytes, the same for the same seed; fast, for there may be many. */
export function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

export const sha = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('base64');

const bodyOf = (bytes: Bytes) => (bytes instanceof ReadableStream ? bytes : new Blob([bytes]).stream());

/** A body that breaks off behind these bytes, as when a line fails. */
export function brokenBody(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let isSent = false;
  return new ReadableStream({
    pull(controller) {
      if (isSent) controller.error(new Error('The line failed.'));
      else controller.enqueue(bytes);
      isSent = true;
    },
  });
}

type Begun = {
  size: number;
  fields?: Record<string, string>;
  /** The first ones, sent along. */
  bytes?: Bytes;
} & More;

/** Announces a file. */
export const begin = ({ token }: Person, { size, fields = {}, bytes, headers, bindings }: Begun) =>
  call<UploadView & Problem>('/v1/uploads', {
    method: 'POST',
    token,
    headers: {
      ...VERSION,
      'upload-length': String(size),
      ...(Object.keys(fields).length > 0 && { 'upload-metadata': metadataOf(fields) }),
      ...(bytes && PIECE),
      ...headers,
    },
    ...(bytes && { body: bodyOf(bytes) }),
    ...(bindings && { bindings }),
  });

/** The same, and its id. */
export async function begun(person: Person, announced: Begun): Promise<string> {
  const answer = await begin(person, announced);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.id;
}

type Piece = { id: string; offset: number; bytes: Bytes } & More;

/** Adds bytes. */
export const append = ({ token }: Person, { id, offset, bytes, headers, bindings }: Piece) =>
  call<Problem>(`/v1/uploads/${id}`, {
    method: 'PATCH',
    token,
    headers: { ...VERSION, ...PIECE, 'upload-offset': String(offset), ...headers },
    body: bodyOf(bytes),
    ...(bindings && { bindings }),
  });

/** Asks where to go on. */
export const head = ({ token }: Person, id: string, headers: Record<string, string> = VERSION) =>
  call(`/v1/uploads/${id}`, { method: 'HEAD', token, headers });

export const offsetIn = ({ headers }: Pick<Answer, 'headers'>) => Number(headers.get('upload-offset') ?? Number.NaN);

export const look = ({ token }: Person, id: string) => call<UploadView & Problem>(`/v1/uploads/${id}`, { token });

export const terminate = ({ token }: Person, id: string) =>
  call<Problem>(`/v1/uploads/${id}`, { method: 'DELETE', token, headers: VERSION });

/** Holds a document to its bytes: whole, and with the hash that they have. */
export async function expectContent({ token }: Person, documentId: string, bytes: Uint8Array): Promise<void> {
  const response = await send(`/v1/documents/${documentId}/content`, { token });
  expect(response.status).toBe(200);
  const held = Buffer.from(await response.arrayBuffer());
  // Compared by hand: of millions of bytes, a list of differences helps nobody.
  expect(held.equals(bytes), `${held.length} bytes instead of ${bytes.length}, or others`).toBe(true);
  const { body } = await call<DocumentView>(`/v1/documents/${documentId}`, { token });
  expect([body.sizeBytes, body.sha256]).toEqual([bytes.length, createHash('sha256').update(bytes).digest('hex')]);
}

/** Keys of all objects of a user. */
export async function objectsOfOwner(ownerId: string): Promise<string[]> {
  const { objects } = await env.FILES.list({ prefix: `owners/${ownerId}/` });
  return objects.map(({ key }) => key);
}

/** Whether the parts of an upload can still be put together. */
export async function hasParts(ownerId: string, { id, partsId }: { id: string; partsId: string }): Promise<boolean> {
  const row = await env.DB.prepare('select content_id from uploads where id = ?').bind(id).first<string>('content_id');
  try {
    await env.FILES.resumeMultipartUpload(`owners/${ownerId}/documents/${id}/${row}/original`, partsId).uploadPart(
      9_999,
      'x',
    );
    return true;
  } catch {
    return false;
  }
}
