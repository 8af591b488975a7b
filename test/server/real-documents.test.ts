import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalServer } from '../../scripts/server.ts';
import { type Client, connect } from '../support/http-client.ts';
import { type Installation, install } from '../support/local-server.ts';
import { haveRealDocuments, readRealDocument, realDocuments } from '../support/real-documents.ts';

const FINDABLE_WITHIN_MS = 15_000;

/** On which page, slide or sheet the phrase stands; in the others it stands on several. */
const PAGES: Record<string, number> = {
  '002-trivial-libre-office-writer.pdf': 1,
  'multicolumn.pdf': 1,
  'REPAIR-2022-INV-001_multipage.pdf': 1,
  'crazyones.pdf': 1,
  'fake-power-point-table.pptx': 1,
  'test.pptx': 2,
  'test.xlsx': 1,
};

const plain = (text: string) => text.normalize('NFKC').replace(/\s+/g, ' ');

type Found = { items: { documentId: string; page: number | null; snippet: string }[] };

const FORMATS = 'txt md html pdf docx pptx xlsx csv odt ods odp rtf epub ipynb json srt vtt eml'.split(' ');
const entries = realDocuments(FORMATS);

describe.skipIf(!haveRealDocuments)('real documents (skipped where the data folder is absent)', () => {
  let installation: Installation;
  let server: LocalServer;
  let client: Client;

  beforeAll(async () => {
    installation = await install();
    server = await installation.start();
    client = await connect(server.url);
  });

  afterAll(async () => {
    await server?.stop();
    await installation?.remove();
  });

  const readable = entries.filter((entry) => entry.expect === 'text');

  it.each(readable)('$file: its phrase is found by its words', async ({ file, phrase = '', count }) => {
    const { status, body } = await client.upload(file, new Uint8Array(readRealDocument(file)));
    expect(status).toBe(202);
    const document = await client.settled(body.document.id, FINDABLE_WITHIN_MS);
    expect(document.error).toBeNull();
    expect(document.status).toBe('ready');
    const counted = count?.pages ?? count?.slides ?? count?.sheets;
    if (counted !== undefined) expect(document['pageCount']).toBe(counted);

    const q = encodeURIComponent(`"${phrase}"`);
    const found = await client.request<Found>(`/v1/search?mode=keyword&match=all&documentId=${document.id}&q=${q}`);
    const hit = found.body.items.find((item) => plain(item.snippet).includes(plain(phrase)));
    expect(hit, `“${phrase}” in ${file}`).toBeDefined();
    if (PAGES[file] !== undefined) expect(hit?.page).toBe(PAGES[file]);
    for (const mode of ['semantic', 'hybrid']) {
      const likely = await client.request<Found>(`/v1/search?mode=${mode}&documentId=${document.id}&q=${q}`);
      expect(likely.body.items[0]?.documentId).toBe(document.id);
    }
  });

  it.each(realDocuments(['jpg', 'png', 'mp3', 'flac']))(
    '$file: is found by what it says of itself, or by its name',
    async ({ file, meta }) => {
      const { body } = await client.upload(file, new Uint8Array(readRealDocument(file)));
      const document = await client.settled(body.document.id, FINDABLE_WITHIN_MS);
      expect(document).toMatchObject({ status: 'ready', error: null });
      const q = encodeURIComponent(`"${meta ?? 'english-and-korean'}"`);
      const found = await client.request<Found>(`/v1/search?mode=keyword&match=all&documentId=${document.id}&q=${q}`);
      expect(found.body.items[0]?.documentId).toBe(document.id);
    },
  );

  it.each(entries.filter((entry) => entry.expect === 'encrypted'))(
    '$file: says that it is encrypted',
    async ({ file }) => {
      const { body } = await client.upload(file, new Uint8Array(readRealDocument(file)));
      const document = await client.settled(body.document.id, FINDABLE_WITHIN_MS);
      expect(document).toMatchObject({ status: 'failed', error: { code: 'encrypted' } });
      expect(document.error?.message).toMatch(/password/i);
    },
  );

  it('a damaged file fails with a reason, and succeeds when its repaired bytes are handed in', async () => {
    const whole = new Uint8Array(readRealDocument('pdflatex-4-pages.pdf'));
    const { body } = await client.upload('damaged.pdf', whole.slice(0, 900));
    const failed = await client.settled(body.document.id, FINDABLE_WITHIN_MS);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'malformed' } });

    const retried = await client.request<{ status: string }>(`/v1/jobs/${body.job.id}/retry`, { method: 'POST' });
    expect(retried.status).toBe(200);
    expect(await client.settled(failed.id, FINDABLE_WITHIN_MS)).toMatchObject({ status: 'failed' });

    const replaced = await client.replace(failed.id, { filename: 'repaired.pdf', content: whole });
    expect(replaced.status).toBe(202);
    const ready = await client.settled(failed.id, FINDABLE_WITHIN_MS);
    expect(ready).toMatchObject({ id: failed.id, status: 'ready', error: null, pageCount: 4, contentVersion: 2 });
  });
});
