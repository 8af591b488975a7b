import { expect, it } from 'vitest';
import { ModelError, type ReadingModels } from '../../src/platform/models/reading-models.ts';

export const MODELS = { ocr: 'eye', caption: 'eye', transcript: 'ear', markdown: 'hand' };

/** What went over the network to the service. */
export type Sent = { model: string; text: string };

/** How the service behaves next: answers, or fails in one of the ways that services have. */
export type Behaviour =
  | { answer: string }
  | { segments: { start: number; end: number; text: string }[]; language: string }
  | { fails: 'unavailable' | 'misconfigured' | 'refused' | 'garbage' | 'silent' };

export type ModelsUnderTest = {
  models: ReadingModels;
  /** What the service does, call by call; the last one from then on. */
  behave(...behaviours: Behaviour[]): void;
  sent: Sent[];
};

const PICTURE = { bytes: new TextEncoder().encode('\x89PNG canary-bytes'), mediaType: 'image/png' };
const RECORDING = { bytes: new TextEncoder().encode('ID3 canary-bytes'), mediaType: 'audio/mpeg', extension: 'mp3' };
const FILE = {
  bytes: new TextEncoder().encode('canary-bytes'),
  mediaType: 'application/vnd.ms-excel',
  extension: 'xls',
};

/** What every adapter of hosted models must do. */
export function describeReadingModels(create: (options?: { now?: () => number }) => ModelsUnderTest): void {
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('names the model of each use', () => {
    const { models } = create();
    for (const [use, model] of Object.entries(MODELS)) expect(models.modelFor(use as keyof typeof MODELS)).toBe(model);
  });

  it.each([
    ['as it is', 'Line one\nLine two', 'Line one\nLine two'],
    ['out of a block of code', '```text\nLine one\n```', 'Line one'],
    ['none', 'NONE', ''],
    ['without what is no Unicode', 'a\ud800b', 'a\ufffdb'],
  ])('gives the text in a picture: %s', async (_, answer, text) => {
    const { models, behave, sent } = create();
    behave({ answer });
    expect(await models.recogniseText(PICTURE)).toBe(text);
    expect(sent).toMatchObject([{ model: 'eye' }]);
    expect(sent[0]?.text).toContain(`data:image/png;base64,${Buffer.from(PICTURE.bytes).toString('base64')}`);
  });

  it('bounds what models say', async () => {
    const { models, behave } = create();
    behave({ answer: 'la '.repeat(1_000_000) });
    expect((await models.recogniseText(PICTURE)).length).toBeLessThanOrEqual(40_000);
    expect((await models.caption(PICTURE)).length).toBeLessThanOrEqual(1_000);
  });

  it('says what a picture shows, on one line', async () => {
    const { models, behave } = create();
    behave({ answer: ' A dog\n on a beach. ' });
    expect(await models.caption(PICTURE)).toBe('A dog on a beach.');
  });

  it('writes down a recording with times, and leaves out silence', async () => {
    const { models, behave, sent } = create();
    const segments = [
      { start: 0, end: 2.5, text: ' Good morning.' },
      { start: 2.5, end: 3, text: ' ' },
      { start: 3, end: 4.25, text: 'Let us begin.' },
    ];
    behave({ segments, language: 'en' });
    expect(await models.transcribe(RECORDING)).toMatchObject({
      language: 'en',
      segments: [
        { startMs: 0, endMs: 2500, text: 'Good morning.' },
        { startMs: 3000, endMs: 4250, text: 'Let us begin.' },
      ],
    });
    expect(sent).toMatchObject([{ model: 'ear' }]);
  });

  it('takes a recording without times as one stretch', async () => {
    const { models, behave } = create();
    behave({ segments: [], language: 'de' });
    expect((await models.transcribe(RECORDING)).segments).toEqual([{ startMs: 0, endMs: 0, text: 'All of it.' }]);
  });

  it('converts a file to Markdown', async () => {
    const { models, behave } = create();
    behave({ answer: '```markdown\n# Title\n```' });
    expect(await models.toMarkdown(FILE)).toBe('# Title');
  });

  it('refuses what is too large before anything is sent', async () => {
    const { models, sent } = create();
    const bytes = new Uint8Array(30 * 1024 * 1024);
    expect(await failure(models.recogniseText({ ...PICTURE, bytes }))).toMatchObject({ failure: 'refused' });
    expect(await failure(models.transcribe({ ...RECORDING, bytes }))).toMatchObject({ failure: 'refused' });
    expect(sent).toEqual([]);
  });

  it('tries again what may pass, and answers that make no sense', async () => {
    const { models, behave, sent } = create();
    behave({ fails: 'unavailable' }, { fails: 'garbage' }, { answer: 'At last' });
    expect(await models.recogniseText(PICTURE)).toBe('At last');
    expect(sent).toHaveLength(3);
  });

  it.each([
    ['unavailable', 3],
    ['garbage', 3],
    ['silent', 3],
    ['misconfigured', 1],
    ['refused', 1],
  ] as const)('gives up on a service that is %s after %i tries, and quotes nothing', async (fails, tries) => {
    const { models, behave, sent } = create();
    behave({ fails });
    const error = await failure(models.recogniseText(PICTURE));
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ failure: fails === 'garbage' || fails === 'silent' ? 'unavailable' : fails });
    expect(sent).toHaveLength(tries);
    const said = error instanceof Error ? `${error.message}${error.stack}${String(error.cause)}` : '';
    expect(said).not.toMatch(/canary|secret|base64/);
  });

  it('leaves a service alone that is down, and comes back to it', async () => {
    let now = 0;
    const { models, behave, sent } = create({ now: () => now });
    behave({ fails: 'unavailable' });
    for (let i = 0; i < 5; i++) await failure(models.caption(PICTURE));
    const asked = sent.length;
    expect(await failure(models.caption(PICTURE))).toMatchObject({ failure: 'unavailable' });
    expect(sent).toHaveLength(asked);
    now += 31_000;
    behave({ answer: 'A dog.' });
    expect(await models.caption(PICTURE)).toBe('A dog.');
  });
}
