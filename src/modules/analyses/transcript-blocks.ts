import type { Transcript } from '../../platform/models/reading-models.ts';
import { cleanText } from '../ingestion/extraction/blocks.ts';
import type { Block } from '../ingestion/extraction/extractor.ts';

/** From this length on a paragraph ends with the next sentence, and in any case at the second. */
const PARAGRAPH_CHARACTERS = { good: 240, most: 600 };
/** After a silence somebody else speaks, or of something else. */
const PAUSE_MS = 2_500;

/** What was said, in paragraphs with their time: models cut speech every few seconds, in the middle of sentences. */
export function transcriptBlocks(segments: Transcript['segments']): Block[] {
  const blocks: (Block & { time: NonNullable<Block['time']> })[] = [];
  for (const { startMs, endMs, ...segment } of segments) {
    const text = cleanText(segment.text).replace(/\s+/g, ' ').trim();
    if (text === '') continue;
    const last = blocks.at(-1);
    if (last === undefined || isFull(last.text) || startMs - last.time.endMs > PAUSE_MS) {
      blocks.push({ type: 'paragraph', text, time: { startMs, endMs } });
      continue;
    }
    last.text = `${last.text} ${text}`;
    last.time = { startMs: Math.min(last.time.startMs, startMs), endMs: Math.max(last.time.endMs, endMs) };
  }
  return blocks;
}

const isFull = (text: string): boolean =>
  text.length >= PARAGRAPH_CHARACTERS.most ||
  (text.length >= PARAGRAPH_CHARACTERS.good && /[.!?…。！？]["'”’»)\]]*$/.test(text));
