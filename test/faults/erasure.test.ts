import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient, type DocumentView, type Page } from '../../scripts/client.ts';
import type { LocalServer } from '../../scripts/server.ts';
import { type Installation, install } from '../support/local-server.ts';
import { generateDocuments } from './generated-documents.ts';
import { filesWith, rowsWith } from './persisted-state.ts';

const SEED = 20_261_125;
const DOCUMENTS = 30;
const TICK_MS = 200;
const SETTLE_MS = 120_000;
const TEST_MS = 240_000;
const CANARY = 'wolpertinger';
const ACCOUNT = { username: 'vanishing', password: 'Long-enough-8', email: 'vanishing@example.org' };
const NEIGHBOUR = { username: 'staying', password: 'Long-enough-8', email: 'staying@example.org' };

type Begun = { receipt: string };
type State = {
  status: string;
  finishedAt: string | null;
  remaining: ({ rows: Record<string, number> } & Record<string, unknown>) | null;
};

describe('a server that is killed three times while it erases an account of thirty documents', () => {
  let installation: Installation;
  let server: LocalServer;

  beforeAll(async () => {
    // Short times, so that the test need not wait for minutes until credentials and leases have run out for sure.
    installation = await install({
      JOB_LEASE_MS: '4000',
      IDENTITY_CACHE_SECONDS: '1',
      SCRYPT_COST_LOG2: '10',
      REQUESTS_PER_MINUTE_PER_USER: '150',
    });
    server = await installation.start();
  }, 60_000);

  afterAll(async () => {
    await server?.kill();
    await installation?.remove();
  });

  /** Ticks the clock's trigger until the condition holds. */
  async function tickUntil(condition: () => Promise<boolean>): Promise<void> {
    let ticked = 0;
    for (const deadline = Date.now() + SETTLE_MS; Date.now() < deadline; await sleep(20)) {
      if (await condition()) return;
      if (Date.now() < ticked + TICK_MS) continue;
      await server.tick();
      ticked = Date.now();
    }
    throw new Error(`It did not happen within ${SETTLE_MS} ms.`);
  }

  const ready = (client: Client, count: number) => async () => {
    const documents = await client.all<DocumentView>('/v1/documents');
    return documents.length === count && documents.every(({ status }) => status === 'ready');
  };

  it('says that nothing is left, and nothing is', { timeout: TEST_MS }, async () => {
    const client = await createClient(server.url).signIn(ACCOUNT);
    const neighbour = await createClient(server.url).signIn(NEIGHBOUR);
    const { body: user } = await client.call<{ id: string }>('/v1/me');
    for (const { name, type, text } of generateDocuments(DOCUMENTS, SEED)) {
      await client.upload({ name, type, bytes: `${CANARY}. ${text}` }, { tags: `Tag ${CANARY}` });
    }
    await neighbour.upload({ name: 'kept.txt', type: 'text/plain', bytes: 'The heron stood still.' });
    await tickUntil(ready(client, DOCUMENTS));
    await tickUntil(ready(neighbour, 1));
    const { body: found } = await client.call<Page<unknown>>(`/v1/search?q=${CANARY}`);
    expect(found.items.length).toBeGreaterThan(0);

    const { status, body: begun } = await client.call<Begun>('/v1/me', {
      method: 'DELETE',
      json: { password: ACCOUNT.password },
    });
    expect(status).toBe(202);
    const state = async () => (await createClient(server.url).call<State>(`/v1/erasures/${begun.receipt}`)).body;

    // At once; when emptying has begun, and the user's row still stands; when that is gone, and the proof is not taken.
    const left = () => rowsWith(installation.persistTo, [user.id]).length;
    const all = left();
    expect(all).toBeGreaterThan(DOCUMENTS * 2);
    const leftAtCrash: number[] = [];
    // The local stand-in for R2 deletes bytes a moment after their row: what is killed in between, it forgets.
    const isEmpty = () => left() === 0 && filesWith(installation.persistTo, [user.id, CANARY]).length === 0;
    for (const isTime of [() => true, () => left() < all, isEmpty]) {
      await tickUntil(async () => isTime());
      await server.kill();
      leftAtCrash.push(left());
      server = await installation.start();
      expect(await state()).not.toMatchObject({ status: 'succeeded' });
    }
    expect(leftAtCrash[0]).toBe(all);
    expect(leftAtCrash[1], String(leftAtCrash)).toBeLessThan(all);
    await tickUntil(async () => (await state()).status === 'succeeded');

    const { remaining, finishedAt } = await state();
    const { rows, ...stores } = remaining ?? { rows: { none: -1 } };
    expect(finishedAt).not.toBeNull();
    expect(Object.keys(rows).length).toBeGreaterThan(10);
    const counts = [...Object.values(rows), ...Object.values(stores)];
    expect(
      counts.every((count) => count === 0),
      JSON.stringify({ remaining, leftAtCrash }),
    ).toBe(true);

    const again = createClient(server.url);
    await expect(again.login(ACCOUNT.username, ACCOUNT.password)).rejects.toThrow();
    const staying = await createClient(server.url).signIn(NEIGHBOUR);
    const { body: kept } = await staying.call<Page<unknown>>('/v1/search?q=heron');
    expect(kept.items).toHaveLength(1);

    await server.stop();
    const names = [ACCOUNT.email, ACCOUNT.username, CANARY];
    const words = [user.id, ...names];
    expect(rowsWith(installation.persistTo, words)).toEqual([]);
    const nowhere = /^$/;
    expect(rowsWith(installation.persistTo, names, nowhere)).toEqual([]);
    expect(filesWith(installation.persistTo, words)).toEqual([]);
  });
});
