import { PROFILE_CHUNKING, type Profile } from './chunk-profiles.ts';
import type { Span } from './chunk-units.ts';
import { cutAudio } from './chunkers/audio.ts';
import type { Chunker } from './chunkers/chunker.ts';
import { cutCode } from './chunkers/code.ts';
import { cutContract } from './chunkers/contract.ts';
import { cutGeneral } from './chunkers/general.ts';
import { cutPolicy } from './chunkers/policy.ts';
import { cutResume } from './chunkers/resume.ts';
import { cutReview } from './chunkers/review.ts';
import { cutTables } from './chunkers/tables.ts';
import type { Block, TimeSpan } from './extraction/extractor.ts';
import { createHeaders } from './table-header.ts';

export { type ChunkingRule, PROFILE_CHUNKING, PROFILES, type Profile } from './chunk-profiles.ts';

/** A passage: `text.slice(start, end)` of the extracted text, in UTF-16 code units. */
export type Chunk = {
  /** 0, 1, 2 … in reading order. */
  ordinal: number;
  start: number;
  end: number;
  /** The page on which all of it stands, where the format has pages. */
  page: number | null;
  /** Headings above the passage and in it as far as they hold for all of it, outermost first. */
  headings: string[];
  /** When all of it is heard, where the format has a time. */
  time?: TimeSpan | undefined;
  /** For rows of a table: the line with the names of its columns, which stands further up in the text. */
  header?: string | undefined;
};

const CHUNKERS: Record<Profile, Chunker> = {
  general: cutGeneral,
  employee: cutGeneral,
  resume: cutResume,
  contract: cutContract,
  review: cutReview,
  policy: cutPolicy,
  audio: cutAudio,
  code: cutCode,
  table: cutTables,
};

const BLOCK_SEPARATOR = '\n\n';

/** The canonical extracted text, blocks separated by an empty line, and where each block lies in it. */
export function layoutText(blocks: Block[]): { text: string; spans: Span[] } {
  const spans: Span[] = [];
  let start = 0;
  for (const block of blocks) {
    spans.push({ start, end: start + block.text.length });
    start += block.text.length + BLOCK_SEPARATOR.length;
  }
  return { text: blocks.map((block) => block.text).join(BLOCK_SEPARATOR), spans };
}

/**
 * Cuts a document into passages for search and citation, where its profile says. Chunks are in order, cover all of the
 * text but white space, are never longer than the profile's maximum, and never go over a page's end. Where neighbours
 * overlap, it is by whole sentences within a section.
 */
export function chunkDocument(blocks: Block[], profile: Profile): { text: string; chunks: Chunk[] } {
  const { text, spans } = layoutText(blocks);
  const headers = createHeaders(blocks, spans);
  const cuts = CHUNKERS[profile]({ text, blocks, spans }, PROFILE_CHUNKING[profile]);
  const chunks = cuts.map(({ start, end, from, to, headings }, ordinal): Chunk => {
    const header = headers.above(from, start);
    const place = { page: blocks[from]?.page ?? null, ...timeOf(blocks.slice(from, to + 1)) };
    return { ordinal, start, end, ...place, headings, ...(header !== undefined && { header }) };
  });
  return { text, chunks };
}

function timeOf(blocks: Block[]): { time?: TimeSpan } {
  const times = blocks.flatMap(({ time }) => time ?? []);
  if (times.length === 0) return {};
  const startMs = Math.min(...times.map((time) => time.startMs));
  return { time: { startMs, endMs: Math.max(...times.map((time) => time.endMs)) } };
}
