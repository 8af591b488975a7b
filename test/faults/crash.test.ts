import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient, type DocumentView, type JobView, type Page } from '../../scripts/client.ts';
import { randomFrom } from '../../scripts/random.ts';
import type { LocalServer } from '../../scripts/server.ts';
import { type Installation, install } from '../support/local-server.ts';
import { REAL_DOCUMENTS } from '../support/real-documents.ts';
import { generateDocuments } from './generated-documents.ts';
import { readArchiveKeys, readCatalogue, readIndex, readOpenJobs } from './persisted-state.ts';

const SEED = 20_261_122;
const DOCUMENTS = 30;
const CRASHES = 5;
/** Reading all of them takes a few seconds: a crash within this time finds work half done. */
const LONGEST_RUN_MS = 500;
const SETTLE_MS = 120_000;
const TEST_MS = 240_000;
const ACCOUNT = { username: 'crash', password: 'Long-enough-8', email: 'crash@example.org' };

/** Real files beside the checkout, where they exist: they crash readers at other places than generated text does. */
const REAL_FILES = [
  'pdflatex-4-pages.pdf',
  'multicolumn.pdf',
  'crazyones.pdf',
  'test.docx',
  'tables.docx',
  'footnotes.docx',
];

describe('a server that is killed five times while it reads thirty documents', () => {
  let installation: Installation;
  let server: LocalServer;
  let client: Client;
  const random = randomFrom(SEED);
  const realFiles = REAL_FILES.filter((name) => existsSync(path.join(REAL_DOCUMENTS, name)));
  const generated = generateDocuments(DOCUMENTS - realFiles.length, SEED);
  const uploaded = new Map<string, string>();

  beforeAll(async () => {
    // Leases are short so that the test need not wait a minute for each job that died with its worker.
    installation = await install({ JOB_LEASE_MS: '4000', SCRYPT_COST_LOG2: '10' });
    await restart();
  }, 60_000);

  afterAll(async () => {
    await server?.kill();
    await installation?.remove();
  });

  async function restart(): Promise<void> {
    server = await installation.start();
    client = await createClient(server.url).signIn(ACCOUNT);
  }

  /** Ticks the clock's trigger until the condition holds. */
  async function tickUntil(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      if (await condition()) return true;
      await server.tick();
      await sleep(200);
    }
    return false;
  }

  /** New work on top of what the crash left. */
  async function readHalfAgain(): Promise<void> {
    const documents = await client.all<DocumentView>('/v1/documents');
    const half = documents.filter(() => random() < 0.5);
    await Promise.all(half.map(({ id }) => client.call(`/v1/documents/${id}/reprocess`, { method: 'POST' })));
  }

  const isDone = async () => {
    const documents = await client.all<DocumentView>('/v1/documents');
    if (documents.some(({ status }) => status !== 'ready' && status !== 'failed')) return false;
    const open = await Promise.all(
      ['queued', 'running'].map((status) => client.all<JobView>(`/v1/jobs?status=${status}`)),
    );
    return open.flat().length === 0;
  };

  it('loses nothing that it accepted, keeps nothing twice and leaves nothing behind', {
    timeout: TEST_MS,
  }, async () => {
    await Promise.all([
      ...generated.map(async ({ name, type, text, planted }) => {
        const { document } = await client.upload({ name, type, bytes: text });
        uploaded.set(planted, document.id);
      }),
      ...realFiles.map((name) => client.upload({ name, bytes: readFileSync(path.join(REAL_DOCUMENTS, name)) })),
    ]);

    const openAtCrash: number[] = [];
    for (let crash = 0; crash < CRASHES; crash += 1) {
      await sleep(random() * LONGEST_RUN_MS);
      await server.kill();
      openAtCrash.push(readOpenJobs(installation.persistTo).length);
      await restart();
      await server.tick();
      if (crash < CRASHES - 1) await readHalfAgain();
    }
    // A crash with nothing to do would prove nothing.
    expect(Math.min(...openAtCrash), `jobs open at each crash: ${openAtCrash}`).toBeGreaterThan(0);
    await tickUntil(isDone, SETTLE_MS);

    const documents = await client.all<DocumentView>('/v1/documents');
    expect(
      documents.filter(({ status }) => status !== 'ready').map(({ filename, error }) => ({ filename, error })),
    ).toEqual([]);
    expect(documents).toHaveLength(DOCUMENTS);

    for (const [planted, documentId] of uploaded) {
      const { body } = await client.call<Page<{ documentId: string }>>(
        `/v1/search?q=${planted}&mode=keyword&match=all`,
      );
      expect(body.items.map((item) => item.documentId)).toEqual([documentId]);
    }

    const { body: started } = await client.call<JobView>('/v1/maintenance/reconcile', { method: 'POST' });
    let report = started;
    for await (report of client.follow(started));
    expect(report.result).toMatchObject({ documents: DOCUMENTS, problemCount: 0 });

    await server.stop();
    expectOneTruth();
  });

  /** Catalogue, archive and index, each read from disk, say the same. */
  function expectOneTruth(): void {
    const { persistTo } = installation;
    const catalogue = readCatalogue(persistTo);
    const index = readIndex(persistTo);
    const byId = (a: { documentId: string }, b: { documentId: string }) => a.documentId.localeCompare(b.documentId);
    const expected = catalogue.map(({ id, chunkCount: chunks }) => ({
      documentId: id,
      chunks,
      words: chunks,
      vectors: chunks,
      staged: 0,
    }));
    expect(index.map((entry) => ({ ...entry })).sort(byId)).toEqual(expected.sort(byId));
    expect(catalogue.every(({ chunkCount }) => chunkCount > 0)).toBe(true);

    const folders = new Set(catalogue.map(({ id, contentId }) => `${id}/${contentId}`));
    const foldersInArchive = readArchiveKeys(persistTo).map((key) => key.split('/').slice(3, 5).join('/'));
    expect(new Set(foldersInArchive)).toEqual(folders);
    expect(readOpenJobs(persistTo)).toEqual([]);
  }
});
