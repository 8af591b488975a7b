import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { readTranscriptAnswer } from '../../src/platform/models/model-answers.ts';
import { createOpenAiModels } from '../../src/platform/models/openai-models.ts';
import { createNoModels } from '../../src/platform/models/reading-models.ts';
import { createWorkersAiModels } from '../../src/platform/models/workers-ai.ts';
import {
  type Behaviour,
  describeReadingModels,
  MODELS,
  type ModelsUnderTest,
  type Sent,
} from '../support/reading-models.contract.ts';

const FAST = { firstDelayMs: 1, timeoutMs: 40 };
const never = () => new Promise<never>(() => undefined);

/** Behaviours one after the other; the last one from then on. */
function script() {
  let left: Behaviour[] = [{ answer: '' }];
  return {
    behave(...behaviours: Behaviour[]) {
      left = behaviours;
    },
    next: (): Behaviour => (left.length > 1 ? left.shift() : left[0]) ?? { answer: '' },
  };
}

function openAi(options: { now?: () => number } = {}): ModelsUnderTest & { requests: Request[] } {
  const sent: Sent[] = [];
  const requests: Request[] = [];
  const { behave, next } = script();
  const answer = async (input: unknown, init: unknown): Promise<Response> => {
    const request = new Request(input as string, init as RequestInit);
    requests.push(request.clone() as Request);
    const isForm = request.headers.get('content-type')?.startsWith('multipart/form-data');
    const text = isForm ? '' : await request.text();
    sent.push({ model: isForm ? String((await request.formData()).get('model')) : JSON.parse(text).model, text });
    const behaviour = next();
    if ('answer' in behaviour)
      return Response.json({ choices: [{ message: { content: behaviour.answer } }], usage: {} });
    if ('segments' in behaviour) return Response.json({ text: 'All of it.', ...behaviour });
    if (behaviour.fails === 'silent') return never();
    if (behaviour.fails === 'garbage') return new Response('<html>');
    const status = { unavailable: 503, misconfigured: 401, refused: 422 }[behaviour.fails];
    return new Response('secret canary', { status });
  };
  const models = createOpenAiModels(
    { url: 'https://models.example/v1', key: 'secret-key' },
    { models: MODELS, now: options.now ?? Date.now, policy: FAST, fetch: answer as typeof fetch },
  );
  return { models, behave, sent, requests };
}

function workersAi(options: { now?: () => number } = {}): ModelsUnderTest {
  const sent: Sent[] = [];
  const { behave, next } = script();
  const MESSAGES = {
    unavailable: 'InferenceUpstreamError: network connection lost secret canary',
    misconfigured: '5007: No such model eye or task canary',
    refused: '3006: Request is too large canary',
  };
  const act = async (behaviour: Behaviour, answer: (text: string) => unknown) => {
    if ('answer' in behaviour) return answer(behaviour.answer);
    if ('segments' in behaviour) {
      const { segments, language } = behaviour;
      return { text: 'All of it.', segments, transcription_info: { language, duration: segments.at(-1)?.end } };
    }
    if (behaviour.fails === 'silent') return never();
    if (behaviour.fails === 'garbage') return { nonsense: true };
    throw new Error(MESSAGES[behaviour.fails]);
  };
  const models = createWorkersAiModels(
    {
      run(model, input) {
        sent.push({ model, text: JSON.stringify(input) });
        return act(next(), (response) => ({ response }));
      },
      toMarkdown(files) {
        sent.push({ model: MODELS.markdown, text: files.map(({ name }) => name).join() });
        return act(next(), (data) => [{ name: 'file.xls', format: 'markdown', data }]);
      },
    },
    { models: MODELS, now: options.now ?? Date.now, policy: FAST },
  );
  return { models, behave, sent };
}

describe('models behind an API like OpenAI’s', () => {
  describeReadingModels(openAi);

  it('are asked with the key, at their addresses, and follow no redirect', async () => {
    const { models, behave, requests } = openAi();
    behave({ answer: 'A dog.' });
    const bytes = new Uint8Array(3);
    await models.caption({ bytes, mediaType: 'image/png' });
    behave({ segments: [], language: 'english' });
    const { language } = await models.transcribe({ bytes, mediaType: 'audio/mpeg', extension: 'mp3' });
    expect(language).toBe('en');
    expect(requests.map(({ url, redirect }) => [url, redirect])).toEqual([
      ['https://models.example/v1/chat/completions', 'manual'],
      ['https://models.example/v1/audio/transcriptions', 'manual'],
    ]);
    for (const { headers } of requests) expect(headers.get('authorization')).toBe('Bearer secret-key');
    const form = await requests[1]?.formData();
    expect(form?.get('response_format')).toBe('verbose_json');
    expect(form?.get('file')).toMatchObject({ name: 'recording.mp3' });
  });

  it.each([
    [400, 'refused'],
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [404, 'misconfigured'],
    [307, 'misconfigured'],
    [408, 'unavailable'],
    [413, 'refused'],
    [429, 'unavailable'],
    [500, 'unavailable'],
  ])('take %i as %s', async (status, failure) => {
    const fetch = async () => new Response(null, { status });
    const models = createOpenAiModels(
      { url: 'https://m.example' },
      { models: MODELS, now: Date.now, policy: FAST, fetch },
    );
    const picture = { bytes: new Uint8Array(1), mediaType: 'image/png' };
    await expect(models.caption(picture)).rejects.toMatchObject({ failure });
  });

  it('are not read on for ever', async () => {
    const megabyte = new Uint8Array(1024 * 1024).fill(32);
    let given = 0;
    const body = new ReadableStream({
      pull(controller) {
        given++;
        controller.enqueue(megabyte);
      },
    });
    const fetch = async () => new Response(body as unknown as BodyInit);
    const models = createOpenAiModels({ url: 'https://m.example' }, { models: MODELS, now: Date.now, fetch });
    await expect(models.caption({ bytes: new Uint8Array(1), mediaType: 'image/png' })).rejects.toThrow('too much');
    expect(given).toBeLessThan(20);
  });
});

describe('models of Workers AI', () => {
  describeReadingModels(workersAi);
});

describe('no models', () => {
  it('are none, for any use', async () => {
    const models = createNoModels();
    expect(models.modelFor('ocr')).toBeUndefined();
    await expect(models.caption({ bytes: new Uint8Array(), mediaType: '' })).rejects.toMatchObject({
      failure: 'misconfigured',
    });
  });
});

describe('transcripts', () => {
  it.each([
    ['nothing', {}],
    ['a negative time', { text: '', segments: [{ start: -1, end: 2, text: 'x' }] }],
    ['no number', { text: '', segments: [{ start: 'now', end: 2, text: 'x' }] }],
    ['null', null],
  ])('with %s are no transcripts', (_, answer) => {
    expect(() => readTranscriptAnswer(answer, 'It')).toThrow('unknown form');
  });

  it('never end before they begin', () => {
    const { segments } = readTranscriptAnswer({ text: '', segments: [{ start: 5, end: 2, text: 'x' }] }, 'It');
    expect(segments).toEqual([{ startMs: 5000, endMs: 5000, text: 'x' }]);
  });
});

describe('the configuration of models', () => {
  it.each(['http://models.example/v1', 'ftp://models.example', 'javascript:alert(1)', 'nonsense'])(
    'refuses %s',
    (MODELS_URL) => {
      expect(() => parseConfig({ MODELS: 'openai', MODELS_URL })).toThrow('MODELS_URL');
    },
  );

  it.each([
    ['https://models.example/v1/', 'https://models.example/v1'],
    ['http://127.0.0.1:11434/v1', 'http://127.0.0.1:11434/v1'],
  ])('takes %s', (MODELS_URL, url) => {
    expect(parseConfig({ MODELS: 'openai', MODELS_URL, OCR_MODEL: ' ' })).toMatchObject({
      MODELS_URL: url,
      OCR_MODEL: undefined,
    });
  });
});
