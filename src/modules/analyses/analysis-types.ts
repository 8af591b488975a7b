import { z } from 'zod';

/** What can be known of a document beyond its text. The order is the one in which they are listed. */
export const ANALYSIS_TYPES = [
  'language',
  'keyphrases',
  'entities',
  'reading_time',
  'quality',
  'summary',
  'audio',
  'image',
  'video',
  'ocr',
  'caption',
  'transcript',
  'markdown',
] as const;

export type AnalysisType = (typeof ANALYSIS_TYPES)[number];

export const ANALYSIS_STATUSES = ['ready', 'unavailable', 'failed', 'queued'] as const;

export type AnalysisStatus = (typeof ANALYSIS_STATUSES)[number];

export const ENTITY_TYPES = ['person', 'place', 'organisation', 'date', 'money', 'email', 'url'] as const;

const share = z.number().min(0).max(1);
const count = z.number().int().nonnegative();

/** A place in the extracted text, in UTF-16 code units, with its page or time where the format has such. */
const mention = z.object({
  start: count,
  end: count,
  page: z.number().int().positive().nullable(),
  time: z.object({ startMs: z.number(), endMs: z.number() }).optional(),
});

/** Measurements have the names that the reader of the format gave them. */
const measurements = z.record(z.string(), z.unknown());

const excerpt = z.string().max(500);

/** What each analysis gives. */
export const RESULT_SCHEMAS = {
  language: z.object({
    language: z.string(),
    confidence: share,
    alternatives: z.array(z.object({ language: z.string(), confidence: share })),
  }),
  keyphrases: z.object({ phrases: z.array(z.object({ text: z.string(), score: share, count })) }),
  entities: z.object({
    entities: z.array(
      z.object({
        type: z.enum(ENTITY_TYPES),
        text: z.string(),
        /** Dates that can mean one day, month or year only, in ISO 8601. */
        value: z.string().optional(),
        count,
        /** The first ones. */
        mentions: z.array(mention),
      }),
    ),
    /** Whether all of the text was looked through, or stretches of it. */
    isSampled: z.boolean(),
  }),
  reading_time: z.object({ words: count, characters: count, minutes: z.number().nonnegative() }),
  quality: z.object({
    score: z.number().int().min(0).max(100),
    /** What was taken off the 100, most first. */
    reasons: z.array(z.object({ code: z.string(), message: z.string(), penalty: z.number().int().positive() })),
  }),
  summary: z.object({ sentences: z.array(mention.extend({ text: z.string() })) }),
  audio: measurements,
  image: measurements,
  video: measurements,
  ocr: z.object({
    characters: count,
    /** Pages that a model has looked at; one without text has no characters. Pictures have no page. */
    pages: z.array(z.object({ page: z.number().int().positive().nullable(), characters: count })),
    excerpt,
  }),
  caption: z.object({ text: z.string() }),
  transcript: z.object({
    language: z.string().nullable(),
    durationMs: z.number().nonnegative().nullable(),
    segments: count,
    characters: count,
    excerpt,
  }),
  markdown: z.object({ characters: count, excerpt }),
} satisfies Record<AnalysisType, z.ZodType>;

export type AnalysisResult<T extends AnalysisType = AnalysisType> = z.output<(typeof RESULT_SCHEMAS)[T]>;
