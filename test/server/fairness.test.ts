import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalServer } from '../../scripts/server.ts';
import { type Client, connect } from '../support/http-client.ts';
import type { JobView } from '../support/library.ts';
import { type Installation, install } from '../support/local-server.ts';

const FILES = 500;
const UPLOADS_AT_ONCE = 16;
/** Of the other user's file, from its upload to its being ready; the five hundred take many times as long. */
const SOON_MS = 4_000;

describe('five hundred files of one user, and one of another', () => {
  let installation: Installation;
  let server: LocalServer;
  let busy: Client;
  let other: Client;

  beforeAll(async () => {
    installation = await install({ SCRYPT_COST_LOG2: '10' });
    server = await installation.start();
    [busy, other] = await Promise.all([connect(server.url), connect(server.url)]);
  });

  afterAll(async () => {
    await server?.kill();
    await installation?.remove();
  });

  const file = (word: string) => new Uint8Array(Buffer.from(`The ${word} stood in the shallow water.`));

  const uploadMany = async (client: Client) => {
    let number = 0;
    const some = async () => {
      while (number < FILES) {
        number += 1;
        const { status } = await client.upload(`${number}.txt`, file(`heron number ${number}`));
        expect(status).toBe(202);
      }
    };
    await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, some));
  };

  const waiting = async (client: Client) => {
    const { body } = await client.request<{ items: JobView[] }>('/v1/jobs?status=queued&limit=200');
    return body.items.length;
  };

  it('the one is ready within seconds, while the others wait', { timeout: 60_000 }, async () => {
    await uploadMany(busy);
    const waitingBefore = await waiting(busy);
    const start = performance.now();
    const { body } = await other.upload('one.txt', file('egret'));
    const document = await other.settled(body.document.id, SOON_MS * 4);
    const tookMs = performance.now() - start;
    const waitingAfter = await waiting(busy);

    expect(document.status).toBe('ready');
    expect(tookMs, `behind more than ${waitingAfter} jobs`).toBeLessThan(SOON_MS);
    // Otherwise it had nobody to wait behind.
    expect(Math.min(waitingBefore, waitingAfter)).toBeGreaterThan(100);
  });
});
