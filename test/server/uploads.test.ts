import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient, type DocumentView } from '../../scripts/client.ts';
import type { LocalServer } from '../../scripts/server.ts';
import { type Installation, install } from '../support/local-server.ts';

const ACCOUNT = { username: 'sending', password: 'Long-enough-8', email: 'sending@example.org' };
const PIECE_BYTES = 256 * 1024;
/** What the server notes as it arrives; what is less, only when the line breaks. */
const PART_BYTES = 5 * 1024 * 1024;
/** Two parts and some more. */
const FILE_BYTES = 12 * 1024 * 1024 + 345;
const PATIENCE_MS = 90_000;

const file = Buffer.alloc(FILE_BYTES, 'Some bytes of a film, all of which count.\0');
for (let at = 0; at + 4 < file.length; at += PIECE_BYTES) file.writeUInt32LE(at, at);

describe('a file that is sent over a bad line, to a server that is killed', () => {
  let installation: Installation;
  let server: LocalServer;
  let client: Client;

  const restart = async () => {
    server = await installation.start();
    client = await createClient(server.url).signIn(ACCOUNT);
  };

  beforeAll(async () => {
    installation = await install({ SCRYPT_COST_LOG2: '10' });
    await restart();
  });

  afterAll(async () => {
    await server?.stop();
    await installation?.remove();
  });

  const headers = () => ({ authorization: `Bearer ${client.token}`, 'tus-resumable': '1.0.0' });

  const offsetOf = async (path: string): Promise<number> => {
    const answer = await fetch(server.url + path, { method: 'HEAD', headers: headers() });
    expect(answer.status).toBe(200);
    return Number(answer.headers.get('upload-offset'));
  };

  /** Waits until so much is safe. */
  const untilSafe = async (path: string, bytes: number): Promise<number> => {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const offset = await offsetOf(path);
      if (offset >= bytes) return offset;
      if (Date.now() > until) throw new Error(`Only ${offset} of ${bytes} bytes were safe in time.`);
      await sleep(50);
    }
  };

  /** Until the server reads what follows the first part: bytes still on a broken line are nobody's. */
  const onceRead = async (path: string) => {
    await untilSafe(path, PART_BYTES);
    await sleep(1_000);
  };

  /** Sends up to some byte, as slowly as the server reads, and ends so. @returns the answer, if one comes. */
  const send = (path: string, range: { from: number; to: number; ends: 'finished' | 'cut' | 'waiting' }) =>
    new Promise<{ status: number; link: string | undefined } | undefined>((resolve) => {
      const outgoing = request(server.url + path, {
        method: 'PATCH',
        headers: {
          ...headers(),
          'content-type': 'application/offset+octet-stream',
          'content-length': file.length - range.from,
          'upload-offset': range.from,
        },
      });
      outgoing.on('error', () => resolve(undefined));
      outgoing.on('response', (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode ?? 0, link: [answer.headers.link].flat()[0] });
      });
      const write = (at: number) => {
        if (at < range.to) {
          outgoing.write(file.subarray(at, Math.min(at + PIECE_BYTES, range.to)), () => write(at + PIECE_BYTES));
        } else if (range.ends === 'finished') outgoing.end();
        else if (range.ends === 'cut') void onceRead(path).then(() => outgoing.destroy());
      };
      write(range.from);
    });

  it('arrives whole, and nothing that was safe is sent again', async () => {
    const { body } = await client.call<{ id: string }>('/v1/uploads', {
      method: 'POST',
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': String(file.length),
        'upload-metadata': 'filename ZmlsbQ==',
      },
    });
    const path = `/v1/uploads/${body.id}`;
    const cut = 7 * 1024 * 1024;
    await send(path, { from: 0, to: cut, ends: 'cut' });
    // Also what is less than a part has been kept, though perhaps not the last bytes on the line.
    const kept = await untilSafe(path, PART_BYTES + 1);
    expect(kept).toBeLessThanOrEqual(cut);

    const lost = send(path, { from: kept, to: file.length - 1_000, ends: 'waiting' });
    const safe = await untilSafe(path, 10 * 1024 * 1024);
    await server.kill();
    expect(await lost).toBeUndefined();
    await restart();
    const from = await offsetOf(path);
    expect(from).toBeGreaterThanOrEqual(safe);

    const last = await send(path, { from, to: file.length, ends: 'finished' });
    expect(last).toEqual({ status: 204, link: `</v1/documents/${body.id}>; rel="related"` });
    const document = await client.call<DocumentView & { sha256: string }>(`/v1/documents/${body.id}`);
    expect(document.body.sha256).toBe(createHash('sha256').update(file).digest('hex'));
    expect(await client.all('/v1/documents')).toHaveLength(1);
  });
});
