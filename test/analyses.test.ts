import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';
import { begin, runToEnd } from './support/erasures.ts';
import { exported } from './support/exports.ts';
import { fakeModels, MODELS_KEY, withModels } from './support/fake-models.ts';
import { jobEnd, settledDocument, upload, uploaded } from './support/library.ts';
import { objectsOf, search } from './support/sample-library.ts';
import { scannedPdf } from './support/scans.ts';
import { unrecorded } from './support/statement-recorder.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const REPORT = `# Harbour report

The harbour of Rotterdam handled more containers in 2023 than ever before, the port authority said on 5 March 2024.
Ships from Asia brought most of the containers, and the port authority expects more of them next year. Mary Johnson, who
leads the container terminal, told visitors that the new cranes cost $12.5 million. Questions go to
harbour@example.com or https://harbour.example.com/report. The cranes of the terminal lift a container in two minutes.
The port authority wants to run the cranes on wind power, which the terminal will need in large amounts.
`;

type View = {
  type: string;
  status: string;
  isCurrent: boolean;
  result: any;
  reason: string | null;
  model: string | null;
  analyser: string;
};

const list = async (token: string, id: string, query = '') =>
  (await call<{ items: View[] }>(`/v1/documents/${id}/analyses${query}`, { token })).body.items;

const analysesOf = async (token: string, id: string): Promise<Record<string, View>> =>
  Object.fromEntries((await list(token, id)).map((item) => [item.type, item]));

/** Runs what is due on a document in an isolate with models, until nothing is. */
async function work(documentId: string, bindings: typeof env): Promise<number> {
  for (let runs = 0; ; runs++) {
    const due = await unrecorded(env.DB)
      .prepare('SELECT id FROM processing_jobs WHERE subject_id = ? AND due_at <= ? ORDER BY id')
      .bind(documentId, Date.now())
      .all<{ id: string }>();
    const [next] = due.results;
    if (!next) return runs;
    await deliver({ jobId: next.id }, bindings);
  }
}

/** Hands in a file, of which nothing has been read. */
async function handedIn(file: Parameters<typeof upload>[0]): Promise<string> {
  const accepted = await upload(file);
  expect(accepted.status).toBe(202);
  return accepted.body.document.id;
}

describe('what is known of a document', () => {
  it('is there some moments after it can be found: language, phrases, names, time, quality, a summary with places', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: REPORT, filename: 'report.md' });
    const found = await analysesOf(token, document.id);
    expect(Object.values(found).every(({ status, isCurrent }) => status === 'ready' && isCurrent)).toBe(true);
    expect(Object.keys(found).sort()).toEqual([
      'entities',
      'keyphrases',
      'language',
      'quality',
      'reading_time',
      'summary',
    ]);
    expect(found['language']?.result).toMatchObject({ language: 'en' });
    expect(found['reading_time']?.result).toMatchObject({ words: expect.any(Number), minutes: 0.4 });
    expect(found['quality']?.result.score).toBeGreaterThan(90);
    const phrases = found['keyphrases']?.result.phrases.map(({ text }: { text: string }) => text.toLowerCase());
    expect(phrases).toEqual(expect.arrayContaining(['port authority', 'containers']));
    const named = (type: string) =>
      found['entities']?.result.entities
        .filter((entity: any) => entity.type === type)
        .map((entity: any) => entity.text);
    expect(named('person')).toContain('Mary Johnson');
    expect(named('place')).toContain('Rotterdam');
    expect(named('money')).toEqual(['$12.5 million']);
    expect(named('email')).toEqual(['harbour@example.com']);
    expect(named('url')).toEqual(['https://harbour.example.com/report']);
    const date = found['entities']?.result.entities.find((entity: any) => entity.type === 'date');
    expect(date).toMatchObject({ text: '5 March 2024', value: '2024-03-05', count: 1 });

    const { body: text } = await call(`/v1/documents/${document.id}/text`, { token });
    const sentences = found['summary']?.result.sentences;
    expect(sentences.length).toBeGreaterThanOrEqual(2);
    for (const { start, end, text: sentence } of [
      ...sentences,
      ...date.mentions.map((mention: any) => ({ ...mention, text: date.text })),
    ]) {
      expect(text.text.slice(start, end).replace(/\s+/g, ' ')).toBe(sentence);
    }
  });

  it('says on which page a sentence of the summary stands', async () => {
    const { token } = await newUser();
    const pages = [
      'The committee met in spring and spoke of the budget for the schools of the town.',
      'The budget for the schools grew, and the committee was content with it in the end.',
      'Nobody in the town spoke against the budget of the schools after the committee had met.',
    ];
    const { document } = await uploaded({ token, content: scannedPdf(pages), filename: 'minutes.pdf' });
    const { sentences } = (await analysesOf(token, document.id))['summary']?.result ?? {};
    expect(sentences.length).toBeGreaterThanOrEqual(2);
    for (const { text, page } of sentences) expect(pages[page - 1]).toBe(text);
  });

  it('costs three round trips more than reading, and one to look at; within the budget for a document in all', async () => {
    const { token } = await newUser();
    const log = listen();
    const accepted = await upload({ token, content: REPORT, filename: 'report.md' });
    await jobEnd(token, accepted.body.job.id);
    await settledDocument(token, accepted.body.document.id);
    log.stop();
    const jobs = log.lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'job');
    const spent = (type: string) => jobs.find((job) => job.type === type)?.roundTrips;
    expect(spent('analyse_document')).toBe(3);
    expect(roundTrips(accepted) + spent('process_document') + spent('analyse_document')).toBeLessThanOrEqual(12);
    expect(roundTrips(await call(`/v1/documents/${accepted.body.document.id}/analyses`, { token }))).toBe(1);
  });

  it('is nobody else’s, and filtered by type', async () => {
    const [owner, stranger] = [await newUser(), await newUser()];
    const { document } = await uploaded({ token: owner.token, content: REPORT, filename: 'report.md' });
    expect((await call(`/v1/documents/${document.id}/analyses`, { token: stranger.token })).status).toBe(404);
    const again = { token: stranger.token, body: { analyses: ['summary'] } };
    expect((await call(`/v1/documents/${document.id}/reprocess`, again)).status).toBe(404);
    expect((await list(owner.token, document.id, '?type=summary')).map(({ type }) => type)).toEqual(['summary']);
    const wrong = await call(`/v1/documents/${document.id}/analyses?type=horoscope`, { token: owner.token });
    expect(wrong.status).toBe(422);
  });

  it('survives an analyser that stumbles: the document stays ready, the others are there', async () => {
    const { token } = await newUser();
    const segmenter = vi.spyOn(Intl, 'Segmenter').mockImplementation(() => {
      throw new Error('no dictionary');
    });
    const { document } = await uploaded({ token, content: REPORT, filename: 'report.md' });
    segmenter.mockRestore();
    const found = await analysesOf(token, document.id);
    expect(found['keyphrases']).toMatchObject({
      status: 'failed',
      result: null,
      reason: expect.stringContaining('again'),
    });
    expect(found['summary']).toMatchObject({ status: 'ready' });
    expect((await call(`/v1/documents/${document.id}`, { token })).body.status).toBe('ready');

    const again = await call(`/v1/documents/${document.id}/reprocess`, { token, body: { analyses: ['keyphrases'] } });
    expect(again.status).toBe(202);
    expect(again.body).toMatchObject({ document: { id: document.id }, job: { type: 'analyse_document' } });
    expect(await jobEnd(token, again.body.job.id)).toMatchObject({ status: 'succeeded', result: { ready: 1 } });
    expect((await analysesOf(token, document.id))['keyphrases']).toMatchObject({ status: 'ready', reason: null });
  });
});

describe('versions', () => {
  it('stand side by side: of other bytes and of other analysers; the newest is the current one', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: REPORT, filename: 'report.md' });
    await env.DB.prepare(
      "UPDATE analysis_results SET analyser = 'summary/first@0' WHERE document_id = ? AND type = 'summary'",
    )
      .bind(document.id)
      .run();
    const reprocess = (body?: object) =>
      call(`/v1/documents/${document.id}/reprocess`, { token, method: 'POST', ...(body && { body }) });
    for (let times = 0; times < 2; times++) {
      const { body } = await reprocess({ analyses: ['summary'] });
      await jobEnd(token, body.job.id);
    }
    const all = await list(token, document.id, '?type=summary&all=true');
    expect(all.map(({ analyser, isCurrent }) => [analyser, isCurrent])).toEqual([
      ['summary/centroid@1', true],
      ['summary/first@0', false],
    ]);
    expect(await list(token, document.id, '?type=summary')).toHaveLength(1);

    expect((await reprocess()).body.job.type).toBe('process_document');
    await settledDocument(token, document.id);
    expect(await list(token, document.id, '?all=true')).toHaveLength(7);

    const form = new FormData();
    form.set('file', new File([REPORT.replaceAll('harbour', 'airport')], 'report.md'));
    await call(`/v1/documents/${document.id}/content`, { token, method: 'PUT', body: form });
    await settledDocument(token, document.id);
    const after = await list(token, document.id, '?all=true');
    expect(after).toHaveLength(13);
    expect(after.filter(({ isCurrent }) => isCurrent)).toHaveLength(6);
    const first = await call(`/v1/documents/${document.id}/analyses?all=true&limit=10`, { token });
    const second = await call(
      `/v1/documents/${document.id}/analyses?all=true&limit=10&cursor=${first.body.nextCursor}`,
      { token },
    );
    const ids = [...first.body.items, ...second.body.items].map(({ id }) => id);
    expect(new Set(ids).size).toBe(13);
  });

  it('of what was asked for by name say also that there is nothing to analyse', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: REPORT, filename: 'report.md' });
    const lost = loseWakeUps();
    const { body } = await call(`/v1/documents/${document.id}/reprocess`, {
      token,
      body: { analyses: ['audio', 'ocr', 'summary'] },
    });
    const queued = await analysesOf(token, document.id);
    expect([queued['audio']?.status, queued['ocr']?.status, queued['summary']?.status]).toEqual([
      'queued',
      'queued',
      'ready',
    ]);
    lost.mockRestore();
    await deliver({ jobId: body.job.id });
    const found = await analysesOf(token, document.id);
    expect(found['audio']).toMatchObject({ status: 'unavailable', reason: expect.stringContaining('nothing') });
    expect(found['ocr']).toMatchObject({ status: 'unavailable' });
  });

  it('cannot be asked for while the document is being read, nor by a body that says something else', async () => {
    const { token } = await newUser();
    const lost = loseWakeUps();
    const id = await handedIn({ token, content: REPORT, filename: 'report.md' });
    const early = await call(`/v1/documents/${id}/reprocess`, { token, body: { analyses: ['summary'] } });
    expect(early).toMatchObject({ status: 409, body: { code: 'document_not_ready' } });
    lost.mockRestore();
    for (const body of [{ analyses: [] }, { analyses: ['horoscope'] }, { analysis: ['summary'] }, []]) {
      expect((await call(`/v1/documents/${id}/reprocess`, { token, body })).status).toBe(422);
    }
  });
});

describe('a scan', () => {
  const SCAN = scannedPdf([{ width: 40, height: 50 }, 'Written page', { width: 40, height: 50, bits: 1 }]);
  const modelled = withModels();
  const read = (text: string) => fakeModels({ ocr: ({ model }) => `${text} read by ${model}` });

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
    const known = archive.json<View[]>(`documents/${id}/analyses.json`);
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

describe('a file of a format that is not read here', () => {
  const OLD = `\xd0\xcf\x11\xe0${'x'.repeat(100)}`;
  const bytes = Uint8Array.from(OLD, (letter) => letter.charCodeAt(0));

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
