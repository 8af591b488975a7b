import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import worker from '../src/index.ts';
import { newApiKey, newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { interleave } from './support/interleave.ts';
import { jobEnd } from './support/library.ts';
import { gifOf, jpegOf, pngOf, webpOf } from './support/pictures.ts';

const HOUR_MS = 60 * 60_000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

type Answer = { code: string; version: number; avatar: Record<string, unknown> | null };

const put = (token: string, bytes: Uint8Array, headers = {}) =>
  call<Answer>('/v1/me/avatar', { method: 'PUT', token, body: new Blob([new Uint8Array(bytes)]).stream(), headers });
const get = (token: string, headers = {}) => call('/v1/me/avatar', { token, headers });
const me = async (token: string) => (await call<Answer>('/v1/me', { token })).body;
const objectsOf = async (userId: string) =>
  (await env.FILES.list({ prefix: `owners/${userId}/avatars/` })).objects.map(({ key }) => key);
const bytesOf = async ({ response }: { response: Response }) => new Uint8Array(await response.clone().arrayBuffer());
const padded = (bytes: Uint8Array, length: number) => {
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
};

describe('a picture', () => {
  it('is set, shown to its owner, replaced and removed', async () => {
    const { token, user } = await newUser();
    expect((await get(token)).status).toBe(404);
    const set = await put(token, pngOf(256, 128));
    expect(set.status).toBe(200);
    expect(roundTrips(set)).toBe(1);
    const avatar = {
      url: '/v1/me/avatar',
      mediaType: 'image/png',
      sizeBytes: pngOf(1, 1).length,
      width: 256,
      height: 128,
    };
    expect(set.body).toMatchObject({ avatar, version: 2 });
    expect(await me(token)).toEqual(set.body);

    const shown = await get(token);
    expect(shown.status).toBe(200);
    expect(await bytesOf(shown)).toEqual(pngOf(256, 128));
    expect(Object.fromEntries(shown.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(pngOf(1, 1).length),
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
      'content-security-policy': expect.stringMatching(/default-src 'none'.*sandbox/),
    });
    expect(roundTrips(shown)).toBe(1);
    const etag = shown.headers.get('etag') ?? '';
    const same = await get(token, { 'if-none-match': etag });
    expect([same.status, same.body, same.headers.get('etag')]).toEqual([304, '', etag]);

    const other = await put(token, jpegOf(64, 64));
    expect(other.body).toMatchObject({ avatar: { mediaType: 'image/jpeg', width: 64 }, version: 3 });
    const again = await get(token, { 'if-none-match': etag });
    expect([again.status, again.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(await objectsOf(user.id)).toHaveLength(1);

    const removed = await call('/v1/me/avatar', { method: 'DELETE', token });
    expect([removed.status, roundTrips(removed)]).toEqual([204, 1]);
    expect(await objectsOf(user.id)).toEqual([]);
    expect((await get(token)).status).toBe(404);
    expect(await me(token)).toMatchObject({ avatar: null, version: 4 });
    expect((await call('/v1/me/avatar', { method: 'DELETE', token })).status).toBe(404);
  });

  it.each([
    ['image/png', pngOf(1, 4096)],
    ['image/gif', gifOf(4096, 1)],
    ['image/webp', webpOf.simple(7, 9)],
    ['image/webp', webpOf.lossless(7, 9)],
    ['image/webp', webpOf.extended(7, 9)],
    ['image/jpeg', padded(jpegOf(640, 480), 1_000_000)],
  ])('may be %s, whatever it is sent as', async (mediaType, bytes) => {
    const { token } = await newUser();
    for (const type of [mediaType, 'text/html', 'image/svg+xml', 'multipart/form-data; boundary=x']) {
      expect((await put(token, bytes, { 'content-type': type })).body.avatar).toMatchObject({ mediaType });
    }
    expect((await get(token)).headers.get('content-type')).toBe(mediaType);
  });

  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
  it.each([
    ['SVG', 415, 'unsupported_media_type', new TextEncoder().encode(svg), 'image/svg+xml'],
    ['SVG that says it is a PNG', 415, 'unsupported_media_type', new TextEncoder().encode(svg), 'image/png'],
    ['HTML', 415, 'unsupported_media_type', new TextEncoder().encode('<html>'), 'image/png'],
    ['nothing', 415, 'unsupported_media_type', new Uint8Array(), 'image/png'],
    ['half a PNG', 422, 'invalid_fields', pngOf(8, 8).slice(0, 18), 'image/png'],
    ['a picture without pixels', 422, 'invalid_fields', gifOf(0, 8), 'image/gif'],
    ['too many pixels', 422, 'invalid_fields', pngOf(4097, 1), 'image/png'],
    ['a bomb', 422, 'invalid_fields', pngOf(0x7fffffff, 0x7fffffff), 'image/png'],
    ['too many bytes', 413, 'too_large', padded(pngOf(8, 8), 1_000_001), 'image/png'],
    ['far too many bytes', 413, 'too_large', padded(pngOf(8, 8), 3_000_000), 'image/png'],
    [
      'far too many bytes as a form',
      413,
      'too_large',
      padded(pngOf(8, 8), 3_000_000),
      'multipart/form-data; boundary=x',
    ],
  ])('is not %s', async (_, status, code, bytes, type) => {
    const { token, user } = await newUser();
    const answer = await put(token, bytes, { 'content-type': type });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await objectsOf(user.id)).toEqual([]);
    expect(await me(token)).toMatchObject({ avatar: null, version: 1 });
  });

  it('is its owner’s alone', async () => {
    const [owner, stranger] = await Promise.all([newUser(), newUser()]);
    await put(owner.token, pngOf(8, 8));
    expect((await get(stranger.token)).status).toBe(404);
    expect((await call('/v1/me/avatar')).status).toBe(401);
    const { key } = await newApiKey(owner, ['account:read']);
    expect((await get(key)).status).toBe(200);
    expect((await put(key, pngOf(9, 9))).status).toBe(403);
  });
});

describe('the objects of pictures', () => {
  /** Reconciles that much later. */
  const reconcile = async (token: string, laterMs: number) => {
    const lost = vi.spyOn(env.JOBS, 'sendBatch').mockResolvedValue(undefined as never);
    const { body } = await call<{ id: string }>('/v1/maintenance/reconcile', { token, method: 'POST' });
    lost.mockRestore();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + laterMs });
    const message = { id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body: { jobId: body.id } };
    const batch = createMessageBatch('commonplace-jobs', [message]);
    const context = createExecutionContext();
    await worker.queue(batch, env, context);
    await getQueueResult(batch, context);
    vi.useRealTimers();
    return (await jobEnd(token, body.id)).result ?? {};
  };

  it('are one at last when ten are set at once', async () => {
    const { token, user } = await newUser();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => put(token, pngOf(index + 1, 1))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await objectsOf(user.id)).toHaveLength(1);
    const { avatar } = await me(token);
    expect(await bytesOf(await get(token))).toEqual(pngOf(Number(avatar?.width), 1));
  });

  it('keep the old picture when the new one cannot be noted', async () => {
    const { token, user } = await newUser();
    await put(token, pngOf(1, 1));
    const failed = await interleave(() => put(token, pngOf(2, 2)), {
      beforeCall: 1,
      happens: () => Promise.reject(new Error('The process dies.')),
    });
    expect(failed.status).toBe(500);
    expect(await bytesOf(await get(token))).toEqual(pngOf(1, 1));
    // Nobody can know whether it was noted: what the row does not name goes with the next reconciliation.
    expect(await objectsOf(user.id)).toHaveLength(2);
  });

  it('lose what a crash left behind, and nothing else, by the reconciliation', async () => {
    const { token, user } = await newUser();
    await put(token, pngOf(1, 1));
    const [kept = ''] = await objectsOf(user.id);
    const orphan = `owners/${user.id}/avatars/${crypto.randomUUID()}`;
    await env.FILES.put(orphan, pngOf(2, 2));
    expect((await reconcile(token, 0)).problemCount).toBe(0);
    expect((await objectsOf(user.id)).sort()).toEqual([kept, orphan].sort());
    // Young objects may belong to a picture that is still being set.
    expect(await reconcile(token, 2 * HOUR_MS)).toMatchObject({ problems: [{ type: 'orphan_object' }] });
    expect(await objectsOf(user.id)).toEqual([kept]);
    expect((await get(token)).status).toBe(200);
  });
});
