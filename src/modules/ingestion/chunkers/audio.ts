import type { Unit } from '../chunk-packing.ts';
import type { ChunkingRule } from '../chunk-profiles.ts';
import type { TimeSpan } from '../extraction/extractor.ts';
import type { Chunker, LaidOut } from './chunker.ts';
import { groupBlocks, headingPaths, headingsOf, unitsOf } from './general.ts';

/** Long enough to hold a thought and short enough to be listened to again. */
const SHORTEST_MS = 30_000;
const LONGEST_MS = 60_000;
const SENTENCE_END = /[.!?…。！？｡]["'”’»」』)\]]*$/;
const SENTENCE_TAIL_CHARACTERS = 6;
/** More than the shortest of units fill a chunk. */
const MAX_UNITS = 2000;

/** Half a minute to a minute of speech, up to the end of a sentence; where nothing has a time, by length alone. */
export const cutAudio: Chunker = (document, rule) => {
  const { blocks } = document;
  const paths = headingPaths(blocks);
  return groupBlocks(blocks, paths).flatMap((group) => {
    const units = group.flatMap((index) => unitsOf(document, index, rule));
    return windows(units, { document, rule }).map(({ first, last }) => {
      const from = units[first]?.from ?? 0;
      const to = units[last]?.to ?? from;
      const headings = headingsOf(from, to, { blocks, paths });
      return { start: units[first]?.start ?? 0, end: units[last]?.end ?? 0, from, to, headings };
    });
  });
};

type Window = { first: number; last: number };

function windows(units: Unit[], { document, rule }: { document: LaidOut; rule: ChunkingRule }): Window[] {
  const made: Window[] = [];
  let first = 0;
  while (first < units.length) {
    const last = lastOfWindow(units, first, { document, rule });
    made.push({ first, last });
    first = last + 1;
  }
  return made;
}

function lastOfWindow(units: Unit[], first: number, { document, rule }: { document: LaidOut; rule: ChunkingRule }) {
  const start = units[first]?.start ?? 0;
  let heard: TimeSpan | undefined;
  let lastSentence: number | undefined;
  for (const [i, unit] of units.slice(first, first + MAX_UNITS).entries()) {
    const longer = join(heard, timeOf(unit, document));
    const isTooLong = unit.end - start > rule.maxCharacters || lengthOf(longer) > LONGEST_MS;
    if (isTooLong && i > 0) return lastSentence ?? first + i - 1;
    heard = longer;
    if (!endsSentence(unit, document)) continue;
    if (lengthOf(heard) >= SHORTEST_MS || unit.end - start >= rule.targetCharacters) return first + i;
    if (lengthOf(heard) >= SHORTEST_MS / 2) lastSentence = first + i;
  }
  return Math.min(first + MAX_UNITS, units.length) - 1;
}

const endsSentence = ({ end }: Unit, { text }: LaidOut): boolean =>
  SENTENCE_END.test(text.slice(end - SENTENCE_TAIL_CHARACTERS, end));

/** When a unit is heard, as far as its place in its block tells. */
function timeOf(unit: Unit | undefined, { blocks, spans }: LaidOut): TimeSpan | undefined {
  const time = blocks[unit?.from ?? 0]?.time;
  const span = spans[unit?.from ?? 0];
  if (unit === undefined || time === undefined || span === undefined) return undefined;
  const msPerCharacter = (time.endMs - time.startMs) / (span.end - span.start);
  return {
    startMs: time.startMs + (unit.start - span.start) * msPerCharacter,
    endMs: time.startMs + (unit.end - span.start) * msPerCharacter,
  };
}

function join(one: TimeSpan | undefined, other: TimeSpan | undefined): TimeSpan | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { startMs: Math.min(one.startMs, other.startMs), endMs: Math.max(one.endMs, other.endMs) };
}

const lengthOf = (time: TimeSpan | undefined): number => (time === undefined ? 0 : time.endMs - time.startMs);
