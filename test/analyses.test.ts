import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { analysesOf, handedIn, listAnalyses as list, REPORT } from './support/analyses.ts';
import { call } from './support/app.ts';
import { deliver, loseWakeUps } from './support/clockwork.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { jobEnd, settledDocument, upload, uploaded } from './support/library.ts';
import { scannedPdf } from './support/scans.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

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
      body: { analyses: ['audio', 'ocr', 'summary', 'audio'] },
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
