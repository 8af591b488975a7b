import type { ChunkingRule } from './chunk-profiles.ts';
import type { Span } from './chunk-units.ts';

/** Chunks shorter than this are joined with a neighbour where they can be: alone they mean too little to be found. */
export const TINY_CHARACTERS = 200;
/** The share of the target from which on the end of a piece or sentence is a good place to stop. */
const GOOD_PIECE_END = 0.6;
const GOOD_SENTENCE_END = 0.75;

/** What no chunk is cut within. */
export type Unit = Span & {
  /** Indexes of the first and the last block that it lies in. */
  from: number;
  to: number;
  /** Whether a piece of the document (a paragraph, a clause) begins here: a better end for the chunk before than others. */
  startsPiece: boolean;
  pieceEnd: number;
  /** The section that it belongs to: no chunk repeats what stands in another one. */
  section: number;
};

/** A chunk as indexes into its units: from the first to the last; those before `fresh` stand in the chunk before, too. */
export type Packed = { first: number; fresh: number; last: number };

/** Fills chunks with units: closes one at the best place near the target, repeats its last sentences in the next. */
export function pack(units: Unit[], rule: ChunkingRule): Packed[] {
  const packed: Packed[] = [];
  let first = 0;
  let fresh = 0;
  for (let next = 1; next <= units.length; next++) {
    if (next < units.length && !isEnd(units, { first, next }, rule)) continue;
    packed.push({ first, fresh, last: next - 1 });
    if (next === units.length) break;
    first = overlapStart(units, { fresh, next }, rule);
    fresh = next;
  }
  return units.length === 0 ? [] : mergeTail(packed, units, rule);
}

function isEnd(units: Unit[], { first, next }: { first: number; next: number }, rule: ChunkingRule): boolean {
  const start = units[first]?.start ?? 0;
  const length = (units[next - 1]?.end ?? start) - start;
  const unit = units[next];
  if (unit === undefined) return true;
  const { targetCharacters: target, maxCharacters: max } = rule;
  if (length >= target || unit.end - start > max) return true;
  if (unit.startsPiece && length >= GOOD_PIECE_END * target) return unit.pieceEnd - start > target;
  return length >= GOOD_SENTENCE_END * target && unit.end - start > target;
}

/** The unit with which the next chunk begins: whole units back from `next`, as many as the overlap allows. */
function overlapStart(units: Unit[], { fresh, next }: { fresh: number; next: number }, rule: ChunkingRule): number {
  const end = units[next - 1]?.end ?? 0;
  const nextEnd = units[next]?.end ?? 0;
  let first = next;
  for (let back = next - 1; back > fresh; back--) {
    const start = units[back]?.start ?? 0;
    if (units[back]?.section !== units[next]?.section) break;
    if (end - start > rule.overlapCharacters || nextEnd - start > rule.maxCharacters) break;
    first = back;
  }
  return first;
}

/** A last chunk with hardly anything new is better off in the one before, if there is room. */
function mergeTail(packed: Packed[], units: Unit[], rule: ChunkingRule): Packed[] {
  const last = packed.at(-1);
  const before = packed.at(-2);
  if (last === undefined || before === undefined) return packed;
  const end = units[last.last]?.end ?? 0;
  const isTiny = end - (units[last.fresh]?.start ?? 0) < TINY_CHARACTERS;
  const fits = end - (units[before.first]?.start ?? 0) <= rule.maxCharacters;
  return isTiny && fits ? [...packed.slice(0, -2), { ...before, last: last.last }] : packed;
}
