import { type AttemptPolicy, attempt, TimeoutError } from '../../shared/attempts.ts';
import { BreakerOpenError, createBreaker } from '../../shared/breaker.ts';
import {
  type ForeignFile,
  ModelError,
  type ModelUse,
  type Picture,
  type ReadingModels,
  type Recording,
  type Transcript,
} from './reading-models.ts';

/** What a picture is asked for: words, and how long the answer may be. */
export type Question = { prompt: string; maxTokens: number };

/** One service, as far as it differs from the others: how it is asked, and how its answers are read. */
export type ModelService = {
  name: string;
  ask(model: string, picture: Picture, question: Question): Promise<string>;
  transcribe(model: string, recording: Recording): Promise<Transcript>;
  toMarkdown(model: string, file: ForeignFile): Promise<string>;
};

export type HostedModelsOptions = {
  /** Which model does what; a use without one is not done. */
  models: Partial<Record<ModelUse, string | undefined>>;
  now: () => number;
  policy?: Partial<Omit<AttemptPolicy, 'isTransient'>> | undefined;
};

const POLICY: Omit<AttemptPolicy, 'isTransient'> = { attempts: 3, timeoutMs: 120_000, firstDelayMs: 500 };
const BREAKER_THRESHOLD_FAILURES = 5;
const BREAKER_COOL_DOWN_MS = 30_000;

const MIB = 1024 * 1024;
/** What services take in one request, base64 included, and what this isolate can hold twice. */
const MAX_BYTES: Record<ModelUse, number> = {
  ocr: 8 * MIB,
  caption: 8 * MIB,
  transcript: 24 * MIB,
  markdown: 16 * MIB,
};
/** More than a page holds; beyond it a model repeats itself. */
const MAX_TEXT_CHARACTERS = 40_000;
const MAX_MARKDOWN_CHARACTERS = 2_000_000;
const MAX_CAPTION_CHARACTERS = 1_000;
const MAX_SEGMENTS = 20_000;

const QUESTIONS = {
  ocr: {
    prompt:
      'Transcribe all text in this picture exactly as it is written, line by line, in its own language. Answer with the ' +
      'text alone: no comments, no formatting. If there is no text, answer with the single word NONE.',
    maxTokens: 4096,
  },
  caption: {
    prompt: 'Describe in one or two plain sentences what this picture shows. Answer with the description alone.',
    maxTokens: 200,
  },
} satisfies Partial<Record<ModelUse, Question>>;

/** What every service of models over the network gets: bounds on what goes in and out, a time-out, retries, a breaker. */
export function createHostedModels(service: ModelService, { models, now, policy }: HostedModelsOptions): ReadingModels {
  const tries: AttemptPolicy = { ...POLICY, ...policy, isTransient };
  const breaker = createBreaker({
    name: service.name,
    threshold: BREAKER_THRESHOLD_FAILURES,
    coolDownMs: BREAKER_COOL_DOWN_MS,
    now,
    counts: isTransient,
  });

  const use = async <T>(what: ModelUse, bytes: Uint8Array, call: (model: string) => Promise<T>): Promise<T> => {
    const model = models[what];
    if (model === undefined) throw new ModelError('misconfigured', 'No model is configured.');
    if (bytes.length > MAX_BYTES[what]) {
      const most = MAX_BYTES[what] / MIB;
      throw new ModelError('refused', `It is larger than the ${most} MB that the model takes.`);
    }
    try {
      return await breaker.run(() => attempt(() => call(model), tries));
    } catch (error) {
      throw asModelError(error, service.name);
    }
  };

  return {
    modelFor: (what) => models[what],
    async recogniseText(picture) {
      const answer = await use('ocr', picture.bytes, (model) => service.ask(model, picture, QUESTIONS.ocr));
      const text = unfenced(answer).slice(0, MAX_TEXT_CHARACTERS).trim();
      return /^none\.?$/i.test(text) ? '' : text;
    },
    async caption(picture) {
      const answer = await use('caption', picture.bytes, (model) => service.ask(model, picture, QUESTIONS.caption));
      return unfenced(answer).replace(/\s+/g, ' ').slice(0, MAX_CAPTION_CHARACTERS).trim();
    },
    async transcribe(recording) {
      const given = await use('transcript', recording.bytes, (model) => service.transcribe(model, recording));
      return { ...given, segments: given.segments.filter(({ text }) => text.trim() !== '').slice(0, MAX_SEGMENTS) };
    },
    async toMarkdown(file) {
      const answer = await use('markdown', file.bytes, (model) => service.toMarkdown(model, file));
      return unfenced(answer).slice(0, MAX_MARKDOWN_CHARACTERS).trim();
    },
  };
}

/** Models like to put what they were asked for into a block of code. */
function unfenced(answer: string): string {
  const [, inner] = /^\s*```[a-z]*\n([\s\S]*?)\n?```\s*$/i.exec(answer) ?? [];
  return (inner ?? answer).toWellFormed();
}

const isTransient = (error: unknown) =>
  error instanceof TimeoutError || (error instanceof ModelError && error.failure === 'unavailable');

/** What else a service or the runtime says may quote the content. */
function asModelError(error: unknown, name: string): ModelError {
  if (error instanceof ModelError) return error;
  if (error instanceof TimeoutError || error instanceof BreakerOpenError) {
    return new ModelError('unavailable', `${name} does not answer.`);
  }
  return new ModelError('unavailable', `${name} failed in an unknown way.`);
}
