import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { picturesOf } from '../src/modules/ingestion/extraction/pdf-pictures.ts';
import { newUser } from './support/actors.ts';
import { type AnalysisView, analysesOf, handedIn, listAnalyses as list, REPORT, work } from './support/analyses.ts';
import { call } from './support/app.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { tick } from './support/cron.ts';
import { begin, runToEnd } from './support/erasures.ts';
import { exported } from './support/exports.ts';
import { fakeModels, MODELS_KEY, withModels } from './support/fake-models.ts';
import { jobEnd, uploaded } from './support/library.ts';
import { objectsOf, search } from './support/sample-library.ts';
import { scannedPdf } from './support/scans.ts';
import { unrecorded } from './support/statement-recorder.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('a scan', () => {
  const SCAN = scannedPdf([{ width: 40, height: 50 }, 'Written page', { width: 40, height: 50, bits: 1 }]);
  const modelled = withModels();
  const read = (text: string) => fakeModels({ ocr: ({ model }) => `${text} read by ${model}` });

  // Scans of earlier stories wait for the models as well, and have their turn.
  beforeEach(() => unrecorded(env.DB).prepare('delete from documents').run());

  /** A scan that has been read without a model. */
  async function withoutModels() {
    const owner = await newUser();
    const { token } = owner;
    const { document } = await uploaded({ token, content: SCAN, filename: 'scan.pdf' });
    return { ...owner, id: document.id };
  }

  it('is ready without a model, and says what it lacks', async () => {
    const { token, id } = await withoutModels();
    expect((await call(`/v1/documents/${id}`, { token })).body).toMatchObject({
      status: 'ready',
      pageCount: 3,
      error: null,
    });
    expect((await search(token, 'q=written')).body.items).toHaveLength(1);
    expect((await analysesOf(token, id))['ocr']).toMatchObject({
      status: 'unavailable',
      model: null,
      result: null,
      reason: expect.stringContaining('none is configured'),
    });
    pass(30 * 60_000);
    await tick();
    expect((await call(`/v1/jobs?documentId=${id}&status=queued`, { token })).body.items).toEqual([]);
  });

  it('is read when a model is there: found with its page, with the model’s name, and paid for once', async () => {
    const { token, id } = await withoutModels();
    const lost = loseWakeUps();
    const models = read('Zebra invoice number');
    await tick(modelled);
    expect((await analysesOf(token, id))['ocr']?.status).toBe('queued');
    await work(id, modelled);
    expect(models.asked.map(({ path, model, authorization }) => [path, model, authorization])).toEqual(
      Array(2).fill(['/chat/completions', 'eye-1', `Bearer ${MODELS_KEY}`]),
    );
    expect((await analysesOf(token, id))['ocr']).toMatchObject({
      status: 'ready',
      model: 'eye-1',
      result: { pages: [{ page: 1 }, { page: 3 }], excerpt: expect.stringContaining('Zebra invoice') },
    });
    const { items } = (await search(token, 'q=zebra&mode=keyword')).body;
    expect(items.map(({ page }: { page: number }) => page).sort()).toEqual([1, 3]);
    const chunks = await call(`/v1/documents/${id}/chunks`, { token });
    expect(chunks.body.items.map(({ page }: { page: number }) => page)).toEqual([1, 2, 3]);

    // Neither the clock, nor reading anew, nor asking by name, nor the same bytes again make anybody pay twice.
    await tick(modelled);
    await call(`/v1/documents/${id}/reprocess`, { token, method: 'POST' });
    await work(id, modelled);
    await call(`/v1/documents/${id}/reprocess`, { token, body: { analyses: ['ocr'] } });
    await work(id, modelled);
    const twin = await handedIn({ token, content: SCAN, filename: 'the same.pdf' });
    await work(twin, modelled);
    expect((await analysesOf(token, twin))['ocr']).toMatchObject({ status: 'ready', model: 'eye-1' });
    expect((await search(token, 'q=zebra&mode=keyword')).body.items).toHaveLength(4);
    expect(models.asked).toHaveLength(2);
    lost.mockRestore();
  });

  it('is read anew by another model, beside what the first one read; going back costs nothing', async () => {
    const { token, id } = await withoutModels();
    loseWakeUps();
    const models = read('Okapi');
    await tick(modelled);
    await work(id, modelled);
    const other = withModels({ OCR_MODEL: 'eye-2' });
    for (const bindings of [other, modelled]) {
      await call(`/v1/documents/${id}/reprocess`, { token, body: { analyses: ['ocr'] } });
      await work(id, bindings);
      const { model } = (await analysesOf(token, id))['ocr'] ?? {};
      const { text } = (await call(`/v1/documents/${id}/text`, { token })).body;
      expect(text.match(/read by eye-\d/g)).toEqual(Array(2).fill(`read by ${model}`));
    }
    const all = await list(token, id, '?type=ocr&all=true');
    expect(all.map(({ model, isCurrent }) => [model, isCurrent])).toEqual([
      ['eye-1', true],
      ['eye-2', false],
    ]);
    expect(models.asked).toHaveLength(4);
  });

  it('waits for a model that does not answer, longer each time, and stays ready', async () => {
    const { token, id } = await withoutModels();
    loseWakeUps();
    const models = fakeModels({ ocr: 401 });
    await tick(modelled);
    await work(id, modelled);
    expect((await analysesOf(token, id))['ocr']).toMatchObject({
      status: 'unavailable',
      reason: 'The model service answered 401. It will be tried again.',
    });
    expect((await call(`/v1/documents/${id}`, { token })).body.status).toBe('ready');
    const asked = models.asked.length;
    await tick(modelled);
    expect(await work(id, modelled)).toBe(0);
    expect(models.asked).toHaveLength(asked);
    models.stop();
    pass(6 * 60_000);
    read('Quagga');
    await tick(modelled);
    await work(id, modelled);
    expect((await analysesOf(token, id))['ocr']?.status).toBe('ready');
  });

  it('is given up when the model refuses it, with the reason', async () => {
    const { token, id } = await withoutModels();
    loseWakeUps();
    const models = fakeModels({ ocr: 422 });
    await tick(modelled);
    await work(id, modelled);
    expect((await analysesOf(token, id))['ocr']).toMatchObject({
      status: 'failed',
      reason: 'The model service answered 422.',
    });
    pass(50 * 60_000);
    const asked = models.asked.length;
    await tick(modelled);
    await work(id, modelled);
    expect(models.asked).toHaveLength(asked);
    expect((await call(`/v1/documents/${id}`, { token })).body.status).toBe('ready');
  });

  it('stays ready and found when what a model read cannot be put in', async () => {
    const { token, id } = await withoutModels();
    loseWakeUps();
    read('Tapir');
    await tick(modelled);
    const analysis = await call(`/v1/jobs?documentId=${id}&status=queued`, { token });
    await deliver({ jobId: analysis.body.items[0].id }, modelled);
    const [again] = (await call(`/v1/jobs?documentId=${id}&status=queued`, { token })).body.items;
    expect(again.type).toBe('process_document');
    await env.DB.prepare('UPDATE processing_jobs SET attempts = 10 WHERE id = ?').bind(again.id).run();
    vi.spyOn(env.LIBRARY_INDEX, 'get').mockImplementation(() => {
      throw new Error('network connection lost');
    });
    await deliver({ jobId: again.id }, modelled);
    vi.restoreAllMocks();
    expect((await call(`/v1/jobs/${again.id}`, { token })).body.status).toBe('failed');
    expect((await call(`/v1/documents/${id}`, { token })).body).toMatchObject({ status: 'ready', error: null });
    expect((await search(token, 'q=written')).body.items).toHaveLength(1);
  });

  it('leaves nothing when it is deleted, nor when its owner goes, and is all in the export', async () => {
    const { token, id, user, password } = await withoutModels();
    loseWakeUps();
    read('Numbat');
    await tick(modelled);
    await work(id, modelled);
    vi.restoreAllMocks();
    const archive = await exported(token);
    const known = archive.json<AnalysisView[]>(`documents/${id}/analyses.json`);
    expect(known.find(({ type }) => type === 'ocr')).toMatchObject({ model: 'eye-1', isCurrent: true });
    expect(archive.text(`documents/${id}/text.txt`)).toContain('Numbat');
    expect((await objectsOf(id)).map((key) => key.split('/').at(-1))).toContain('model-ocr-eye-1');

    const { body } = await call(`/v1/documents/${id}?permanent=true`, { token, method: 'DELETE' });
    expect(await jobEnd(token, body.job.id)).toMatchObject({ result: { remaining: { rows: 0, objects: 0 } } });
    const rows = () =>
      unrecorded(env.DB)
        .prepare('SELECT count(*) AS n FROM analysis_results WHERE owner_id = ?')
        .bind(user.id)
        .first('n');
    expect(await rows()).toBe(0);
    expect(await objectsOf(id)).toEqual([]);
    await uploaded({ token, content: REPORT, filename: 'report.md' });
    expect(await rows()).toBe(6);
    await runToEnd(await begin({ token, password }));
    expect(await rows()).toBe(0);
  });
});

describe('pictures and sound', () => {
  const modelled = withModels();

  it('are described and measured; text in a picture and a caption are found', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: await aPicture(), filename: 'sign.png' });
    const before = await analysesOf(token, document.id);
    expect(before['image']).toMatchObject({ status: 'ready', result: { width: 40, height: 50, format: 'png' } });
    expect([before['ocr']?.status, before['caption']?.status]).toEqual(['unavailable', 'unavailable']);

    loseWakeUps();
    const models = fakeModels({ ocr: 'BEWARE OF THE OCELOT', caption: 'A sign on a garden fence.' });
    await tick(modelled);
    await work(document.id, modelled);
    expect(models.asked).toHaveLength(2);
    expect((await search(token, 'q=ocelot&mode=keyword')).body.items).toMatchObject([{ documentId: document.id }]);
    expect((await search(token, 'q=garden fence&mode=keyword')).body.items).toHaveLength(1);
    expect((await analysesOf(token, document.id))['caption']).toMatchObject({
      model: 'eye-1',
      result: { text: 'A sign on a garden fence.' },
    });
  });

  it('are written down with times, by which what was said is found', async () => {
    const { token } = await newUser();
    loseWakeUps();
    const segments = Array.from({ length: 40 }, (_, i) => ({
      start: i * 10,
      end: i * 10 + 9,
      text: `In minute ${Math.floor(i / 6)} somebody speaks at length about ${i === 30 ? 'platypus' : 'boats'} and the tide, and then of the sand.`,
    }));
    const models = fakeModels({ transcript: { text: '…', language: 'english', duration: 400, segments } });
    const id = await handedIn({ token, content: silence(), filename: 'talk.wav' });
    await work(id, modelled);
    expect(models.asked).toMatchObject([{ path: '/audio/transcriptions', model: 'ear-1' }]);
    const [hit] = (await search(token, 'q=platypus&mode=keyword')).body.items;
    expect(hit.time.startMs).toBeLessThanOrEqual(300_000);
    expect(hit.time.endMs).toBeGreaterThanOrEqual(309_000);
    expect(hit.time.endMs - hit.time.startMs).toBeLessThan(200_000);
    const found = await analysesOf(token, id);
    expect(found['transcript']).toMatchObject({ result: { language: 'en', durationMs: 400_000 } });
    expect(found['audio']).toMatchObject({ status: 'ready', result: { durationMs: 1000, channels: 1 } });
    expect(found['summary']?.result.sentences[0].time).toBeDefined();
  });
});

describe('a file of a format that is not read here', () => {
  // As Excel wrote them until 2003.
  const bytes = new Uint8Array(120);
  bytes.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
  bytes.set(new Uint8Array(Buffer.from('Workbook', 'utf16le')), 64);

  it('is converted by a model that does that, and found', async () => {
    const { token } = await newUser();
    loseWakeUps();
    const bindings = withModels({ MARKDOWN_MODEL: 'hand-1' });
    const models = fakeModels({ markdown: '# Old sheet\n\n| Animal | Legs |\n|---|---|\n| Axolotl | 4 |' });
    const id = await handedIn({ token, content: bytes, filename: 'old.xls' });
    await work(id, bindings);
    expect(models.asked).toMatchObject([{ model: 'hand-1' }]);
    expect((await call(`/v1/documents/${id}`, { token })).body).toMatchObject({ status: 'ready', kind: 'unknown' });
    expect((await search(token, 'q=axolotl')).body.items).toMatchObject([{ documentId: id, headings: ['Old sheet'] }]);
    expect((await analysesOf(token, id))['markdown']).toMatchObject({ status: 'ready', model: 'hand-1' });
  });

  it('fails as ever without one, and whatever it is called when it is no document', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: bytes, filename: 'old.xls' });
    expect(document).toMatchObject({ status: 'failed', error: { code: 'unsupported_format' } });
    loseWakeUps();
    const id = await handedIn({ token, content: bytes, filename: 'setup.exe' });
    await work(id, withModels({ MARKDOWN_MODEL: 'hand-1' }));
    expect((await call(`/v1/documents/${id}`, { token })).body.status).toBe('failed');
  });
});

/** A PNG, as it comes out of a scan. */
async function aPicture(): Promise<Uint8Array> {
  for await (const [picture] of picturesOf(scannedPdf([{ width: 40, height: 50 }]), [1]))
    if (picture) return picture.bytes;
  throw new Error('unreachable');
}

/** A second of it, as WAV. */
function silence(): Uint8Array {
  const bytes = new Uint8Array(44 + 8_000).fill(128, 44);
  const view = new DataView(bytes.buffer);
  for (const [at, text] of [
    [0, 'RIFF'],
    [8, 'WAVEfmt '],
    [36, 'data'],
  ] as const)
    bytes.set(new TextEncoder().encode(text), at);
  for (const [at, value] of [
    [4, 8_036],
    [16, 16],
    [24, 8_000],
    [28, 8_000],
    [40, 8_000],
  ] as const)
    view.setUint32(at, value, true);
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 1],
    [34, 8],
  ] as const)
    view.setUint16(at, value, true);
  return bytes;
}
