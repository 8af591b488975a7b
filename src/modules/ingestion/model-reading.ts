import { z } from 'zod';
import type { Block, ModelStep } from './extraction/extractor.ts';

const timeSchema = z.object({ startMs: z.number(), endMs: z.number() });

const blockSchema = z.object({
  type: z.enum(['heading', 'paragraph', 'list-item', 'table', 'code', 'quote']),
  text: z.string(),
  level: z.number().int().optional(),
  page: z.number().int().positive().optional(),
  time: timeSchema.optional(),
});

/** What a hosted model has read in a document's bytes, as kept in the archive: paid for once. */
export const modelReadingSchema = z.object({
  format: z.literal(1),
  step: z.enum(['ocr', 'caption', 'transcript', 'markdown']),
  model: z.string(),
  language: z.string().nullable(),
  durationMs: z.number().nonnegative().nullable(),
  /** What the model was shown, page by page; a picture has no page. */
  pages: z.array(
    z.object({ page: z.number().int().positive().nullable(), characters: z.number().int().nonnegative() }),
  ),
  blocks: z.array(blockSchema),
});

export type ModelReading = z.output<typeof modelReadingSchema>;

/** Which reading by a model. */
export type ModelReadingName = { step: ModelStep; model: string };

/** A file's own text with what models read in it: on its page where both have pages, else behind it. */
export function withModelReadings(own: Block[], readings: ModelReading[]): Block[] {
  const read = readings.flatMap(({ blocks }) => blocks.map(toBlock));
  const all = [...own, ...read];
  if (read.length === 0 || read.some(({ page }) => page === undefined)) return all;
  // Stable: what stands on one page stays in order, and what the file says of itself stays in front.
  return all.sort((a, b) => (a.page ?? 0) - (b.page ?? 0));
}

function toBlock({ type, text, level, page, time }: z.output<typeof blockSchema>): Block {
  return {
    type,
    text,
    ...(level !== undefined && { level }),
    ...(page !== undefined && { page }),
    ...(time !== undefined && { time }),
  };
}
