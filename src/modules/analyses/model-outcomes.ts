import { ModelError, type ModelUse } from '../../platform/models/reading-models.ts';
import type { ModelReading } from '../ingestion/model-reading.ts';
import type { Analysis } from './analyses.table.ts';
import type { AnalysisResult, AnalysisType } from './analysis-types.ts';

/** What came of an analysis, but for whose it is. */
export type Outcome = Pick<
  Analysis,
  'type' | 'analyser' | 'model' | 'status' | 'result' | 'reason' | 'awaits' | 'dueAt' | 'tries'
>;

/** Name and version of how models are asked and their answers are read. */
export const MODEL_ANALYSERS: Record<ModelUse, string> = {
  ocr: 'ocr/pages@1',
  caption: 'caption/sentences@1',
  transcript: 'transcript/segments@1',
  markdown: 'markdown/blocks@1',
};

const NOTHING = { model: null, result: null, reason: null, awaits: null, dueAt: null, tries: 0 };

const WITHOUT_MODEL: Record<ModelUse, string> = {
  ocr: 'Text in pictures is read by a model, and none is configured here.',
  caption: 'Pictures are described by a model, and none is configured here.',
  transcript: 'Speech is written down by a model, and none is configured here.',
  markdown: 'Files of this format are converted by a model, and none is configured here.',
};

/** A model is asked again after so long; then twice as long, and so on. */
const FIRST_WAIT_MS = 5 * 60_000;
const LONGEST_WAIT_MS = 24 * 60 * 60_000;
/** Some five days. */
const MAX_TRIES = 14;
const EXCERPT_CHARACTERS = 300;

/** It waits until one is configured. */
export const withoutModel = (type: ModelUse, now: number): Outcome => ({
  ...NOTHING,
  type,
  analyser: MODEL_ANALYSERS[type],
  status: 'unavailable',
  reason: WITHOUT_MODEL[type],
  awaits: type,
  dueAt: now,
});

/** It waits and is tried again, unless the model will never do it. */
export function afterModelError(
  error: ModelError,
  { type, model, tries, now }: { type: ModelUse; model: string; tries: number; now: number },
): Outcome {
  const outcome = { ...NOTHING, type, analyser: MODEL_ANALYSERS[type], model, tries: tries + 1 };
  if (error.failure === 'refused' || tries + 1 >= MAX_TRIES)
    return { ...outcome, status: 'failed', reason: error.message };
  const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries);
  const reason = `${error.message} It will be tried again.`;
  return { ...outcome, status: 'unavailable', reason, awaits: type, dueAt: now + waitMs };
}

/** What a model has read, without the text itself: that is in the document's text. */
export function modelOutcome(reading: ModelReading): Outcome {
  const { step: type, model } = reading;
  return { ...NOTHING, type, analyser: MODEL_ANALYSERS[type], model, status: 'ready', result: RESULTS[type](reading) };
}

const textOf = ({ blocks }: ModelReading) => blocks.map(({ text }) => text).join('\n');
const charactersOf = ({ blocks }: ModelReading) => blocks.reduce((sum, { text }) => sum + text.length, 0);
const excerptOf = (reading: ModelReading) => textOf(reading).slice(0, EXCERPT_CHARACTERS).toWellFormed();

const RESULTS: { [T in ModelUse]: (reading: ModelReading) => AnalysisResult<T> } = {
  ocr: (reading) => ({ characters: charactersOf(reading), pages: reading.pages, excerpt: excerptOf(reading) }),
  caption: (reading) => ({ text: textOf(reading) }),
  transcript: (reading) => ({
    language: reading.language,
    durationMs: reading.durationMs,
    segments: reading.blocks.length,
    characters: charactersOf(reading),
    excerpt: excerptOf(reading),
  }),
  markdown: (reading) => ({ characters: charactersOf(reading), excerpt: excerptOf(reading) }),
};

/** What this document has nothing of. */
export const notApplicable = (type: AnalysisType): Outcome => ({
  ...NOTHING,
  type,
  analyser: 'none',
  status: 'unavailable',
  reason: 'There is nothing in this document that it could be made of.',
});

/** What an analyser has found. */
export const localOutcome = (type: AnalysisType, analyser: string, result: AnalysisResult): Outcome => ({
  ...NOTHING,
  type,
  analyser,
  status: 'ready',
  result,
});

/** An analyser that stumbled: a fault of ours, which the log has. */
export const stumbled = (type: AnalysisType, analyser: string): Outcome => ({
  ...NOTHING,
  type,
  analyser,
  status: 'failed',
  reason: 'The analysis failed; it can be asked for again.',
});

export const isModelError = (error: unknown): error is ModelError => error instanceof ModelError;
