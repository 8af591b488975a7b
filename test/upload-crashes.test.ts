import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newApiKey, newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { listen } from './support/console.ts';
import { tick } from './support/cron.ts';
import { isolateThatDies } from './support/dying-isolate.ts';
import { ask, begin as beginErasure, LEASE_MS, TRUSTED_MS } from './support/erasures.ts';
import { jobEnd } from './support/library.ts';
import { unrecorded } from './support/statement-recorder.ts';
import {
  append,
  begin,
  begun,
  brokenBody,
  bytesOf,
  expectContent,
  hasParts,
  head,
  look,
  objectsOfOwner,
  offsetIn,
  PART_BYTES,
  sha,
  terminate,
} from './support/tus.ts';
import { traces } from './support/whereabouts.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const NEVER = Number.POSITIVE_INFINITY;
const HOUR_MS = 60 * 60 * 1000;
const database = unrecorded(env.DB);

const documentsOf = async ({ token }: Pick<TestUser, 'token'>) =>
  (await call<{ items: { id: string }[] }>('/v1/documents', { token })).body.items.map(({ id }) => id);

/** Objects of uploads, which are not needed any more when there is a document. */
const leftovers = async (userId: string) => (await objectsOfOwner(userId)).filter((key) => key.includes('/uploads/'));

type Death = { bytes: Uint8Array; cut: number; from: number; versionOf?: string };

/** A request that adds bytes in an isolate that dies, and then all that a client does to get its file there. */
async function dieAndGoOn(user: TestUser, { bytes, from, cut, versionOf }: Death, atCall: number): Promise<number> {
  const fields = versionOf === undefined ? {} : { versionOf };
  const id = await begun(user, { size: bytes.length, bytes: bytes.subarray(0, from), fields });
  const { bindings, calls } = isolateThatDies(atCall);
  const { stop } = listen();
  const died = await append(user, { id, offset: from, bytes: bytes.subarray(from, cut), bindings }).catch(
    () => undefined,
  );
  stop();
  const where = `call ${atCall}`;
  const known = offsetIn(await head(user, id));
  if (died?.status === 204) expect(known, where).toBeGreaterThanOrEqual(offsetIn(died));
  expect(known, where).toBeGreaterThanOrEqual(from);
  if (known < bytes.length) {
    const rest = await append(user, { id, offset: known, bytes: bytes.subarray(known) });
    expect(rest.status, `${where}: ${JSON.stringify(rest.body)}`).toBe(204);
  }
  // Perhaps the document is still to be made.
  if ((await look(user, id)).body.status === 'completing') {
    pass(2 * 60_000);
    await tick();
    vi.useRealTimers();
  }
  const documentId = versionOf ?? id;
  expect((await look(user, id)).body, where).toMatchObject({ status: 'complete', documentId });
  await expectContent(user, documentId, bytes);
  return calls();
}

describe('what else there is', () => {
  it('is compared without taking anything from uploads under way, and cleared of what they left', async () => {
    const user = await newUser();
    const { key: token } = await newApiKey(user, ['documents:write', 'jobs:read', 'jobs:write']);
    const id = await begun(user, { size: PART_BYTES * 2, bytes: bytesOf(700) });
    const orphan = `owners/${user.user.id}/uploads/${crypto.randomUUID()}/${crypto.randomUUID()}`;
    await env.FILES.put(orphan, 'Left by a request that was overtaken.');
    pass(61 * 60_000);
    const { body } = await call<{ id: string }>('/v1/maintenance/reconcile', { method: 'POST', token });
    expect(await jobEnd(token, body.id)).toMatchObject({ status: 'succeeded', result: { problemCount: 1 } });
    expect(await objectsOfOwner(user.user.id)).not.toContain(orphan);
    expect((await append({ token }, { id, offset: 700, bytes: bytesOf(1) })).status).toBe(204);
  });

  it('goes with the account: its rows, its objects, and the parts that nothing else tells of', async () => {
    const owner = await newUser();
    loseWakeUps();
    const ids = [
      await begun(owner, { size: 2 * PART_BYTES, bytes: bytesOf(PART_BYTES + 5) }),
      await begun(owner, { size: 100, bytes: bytesOf(100) }),
    ];
    const { results: open } = await database
      .prepare('select id, parts_id as partsId from uploads where owner_id = ? and parts_id is not null')
      .bind(owner.user.id)
      .all<{ id: string; partsId: string }>();
    expect(open).toHaveLength(1);
    for (const parts of open) expect(await hasParts(owner.user.id, parts)).toBe(true);
    const erasure = await beginErasure(owner);
    for (const wait of [0, TRUSTED_MS, LEASE_MS]) {
      pass(wait);
      await deliver({ erasureId: erasure.job.id });
    }
    expect(await ask(erasure)).toMatchObject({ status: 'succeeded' });
    for (const parts of open) expect(await hasParts(owner.user.id, parts)).toBe(false);
    expect(await traces([owner.user.id, ...ids])).toEqual([]);
  });
});

describe('a worker that dies while bytes arrive', () => {
  it.each([
    ['some of them', { bytes: bytesOf(900), from: 300, cut: 600 }],
    ['the last ones', { bytes: bytesOf(900), from: 300, cut: 900 }],
    ['a whole part and more', { bytes: bytesOf(PART_BYTES + 900), from: 300, cut: PART_BYTES + 600 }],
  ])('at any call of any store loses nothing that was safe, and makes one document: %s', async (_, death) => {
    const user = await newUser();
    loseWakeUps();
    const count = await dieAndGoOn(user, death, NEVER);
    expect(count).toBeGreaterThan(5);
    for (let atCall = 0; atCall < count; atCall++) await dieAndGoOn(user, death, atCall);
    const ids = await documentsOf(user);
    expect([ids.length, new Set(ids).size]).toEqual([count + 1, count + 1]);
    pass(25 * HOUR_MS);
    await tick();
    await tick();
    expect(await leftovers(user.user.id)).toEqual([]);
  });

  it('at any call makes one version of the document that was meant', async () => {
    const user = await newUser();
    loseWakeUps();
    const versionOf = await begun(user, { size: 5, bytes: bytesOf(5) });
    const death = (seed: number) => ({ bytes: bytesOf(900, seed), from: 300, cut: 900, versionOf });
    const count = await dieAndGoOn(user, death(99), NEVER);
    for (let atCall = 0; atCall < count; atCall++) await dieAndGoOn(user, death(atCall), atCall);
    const { body } = await call(`/v1/documents/${versionOf}`, { token: user.token });
    expect(body.contentVersion).toBe(count + 2);
    expect(await documentsOf(user)).toEqual([versionOf]);
    pass(25 * HOUR_MS);
    await tick();
    // The originals of all versions, and nothing else.
    expect(await objectsOfOwner(user.user.id)).toHaveLength(count + 2);
  });

  it('at any call leaves nothing of what is discarded', async () => {
    const user = await newUser();
    const { stop } = listen();
    for (let atCall = 0; atCall < 12; atCall++) {
      const id = await begun(user, { size: 2 * PART_BYTES, bytes: bytesOf(50) });
      const headers = { 'tus-resumable': '1.0.0' };
      const { bindings } = isolateThatDies(atCall);
      await call(`/v1/uploads/${id}`, { method: 'DELETE', token: user.token, headers, bindings }).catch(
        () => undefined,
      );
      await terminate(user, id);
    }
    stop();
    pass(2 * 60_000);
    await tick();
    expect(await objectsOfOwner(user.user.id)).toEqual([]);
    const left = await database
      .prepare('select count(*) as n from uploads where owner_id = ?')
      .bind(user.user.id)
      .first('n');
    expect(left).toBe(0);
  });
});

describe('the clock', () => {
  it('makes the document when the last request could not, however often that fails', async () => {
    const user = await newUser();
    loseWakeUps();
    const { lines, stop } = listen();
    const broken = vi.spyOn(env.FILES, 'get').mockRejectedValue(new Error('network connection lost'));
    const bytes = bytesOf(1_000);
    const made = await begin(user, { size: 1_000, bytes });
    // All bytes are safe: that is what the answer says.
    expect([made.status, offsetIn(made), made.body.status]).toEqual([201, 1_000, 'completing']);
    const { id } = made.body;
    expect((await terminate(user, id)).body.code).toBe('upload_completing');
    for (const minutes of [2, 2, 3]) {
      pass(minutes * 60_000);
      await tick();
    }
    expect((await look(user, id)).body.status).toBe('completing');
    broken.mockRestore();
    pass(5 * 60_000);
    await Promise.all([tick(), tick(), tick()]);
    stop();
    expect(lines.some((line) => line.includes('upload.not_settled'))).toBe(true);
    vi.useRealTimers();
    expect((await look(user, id)).body).toMatchObject({ status: 'complete', documentId: id });
    expect(await documentsOf(user)).toEqual([id]);
    await expectContent(user, id, bytes);
  });

  it('makes one document, also while the request does', async () => {
    const user = await newUser();
    loseWakeUps();
    const id = await begun(user, { size: 1_000 });
    const { get } = env.FILES;
    vi.spyOn(env.FILES, 'get').mockImplementationOnce(async (...args) => {
      await database.prepare('update uploads set due_at = 1 where id = ?').bind(id).run();
      await tick();
      return get.apply(env.FILES, args as never);
    });
    const last = await append(user, { id, offset: 0, bytes: bytesOf(1_000) });
    expect([last.status, last.headers.get('link')]).toEqual([204, `</v1/documents/${id}>; rel="related"`]);
    expect(await documentsOf(user)).toEqual([id]);
    await expectContent(user, id, bytesOf(1_000));
  });
});

const piece = fc.record({
  length: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: PART_BYTES - 2, max: PART_BYTES + 900 })),
  fails: fc.constantFrom('not', 'not', 'line', 'checksum', 'worker'),
  atCall: fc.nat(9),
  isChecked: fc.boolean(),
});

const file = fc.record({ size: fc.integer({ min: 1, max: 2 * PART_BYTES }), seed: fc.nat() });

type Sent = { id: string; offset: number; bytes: Uint8Array };
type How = { fails: string; atCall: number; isChecked: boolean };

/** Sends some bytes, and lets that fail as it is to fail. */
async function sendPiece(user: TestUser, { bytes, ...place }: Sent, { fails, atCall, isChecked }: How): Promise<void> {
  const headers = { 'upload-checksum': `sha1 ${sha('sha1', fails === 'checksum' ? bytesOf(9) : bytes)}` };
  const { bindings } = isolateThatDies(fails === 'worker' ? atCall : NEVER);
  const body = fails === 'line' ? brokenBody(bytes) : bytes;
  const isSaid = isChecked || fails === 'checksum';
  await append(user, { ...place, bytes: body, bindings, ...(isSaid && { headers }) }).catch(() => undefined);
}

/** Goes on until everything is there. */
async function sendRest(user: TestUser, { id, bytes }: Omit<Sent, 'offset'>): Promise<void> {
  for (let known = 0; known < bytes.length; ) {
    known = offsetIn(await head(user, id));
    if (known < bytes.length) await append(user, { id, offset: known, bytes: bytes.subarray(known) });
  }
  if ((await look(user, id)).body.status === 'complete') return;
  await database.prepare('update uploads set due_at = 1 where id = ?').bind(id).run();
  await tick();
}

describe('any file in any pieces, whatever fails', () => {
  it('is the same bytes in the end', { timeout: 60_000 }, async () => {
    const user = await newUser();
    loseWakeUps();
    const { stop } = listen();
    const property = fc.asyncProperty(file, fc.array(piece, { maxLength: 6 }), async ({ size, seed }, pieces) => {
      const bytes = bytesOf(size, seed);
      const id = await begun(user, { size });
      for (const { length, ...how } of pieces) {
        const offset = offsetIn(await head(user, id));
        await sendPiece(user, { id, offset, bytes: bytes.subarray(offset, offset + length) }, how);
      }
      await sendRest(user, { id, bytes });
      await expectContent(user, id, bytes);
    });
    await fc.assert(property, { numRuns: 6, seed: 20261125 });
    stop();
  });
});
