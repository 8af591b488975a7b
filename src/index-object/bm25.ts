import { createNearness, NEAR_CANDIDATES } from './nearness.ts';
import { type Posting, WEIGHT_STEPS } from './postings.ts';
import type { SlotTable } from './slots.ts';
import { createTopSlots, type ScoredSlot, type TopSlots } from './top-slots.ts';

/** Saturation of repeated words and strength of the length correction, as usual for bm25. */
const K1 = 1.2;
const B = 0.75;

/** A term of the query with the chunks that it stands in. */
export type TermPosting = {
  posting: Posting;
  /** How often the query says it. */
  times: number;
  /** Chunks without it are not found. */
  required: boolean;
};

export type RankOptions = {
  table: SlotTable;
  /** By slot: 1 where nothing may be found. */
  excluded?: Uint8Array | undefined;
  /** By generation: 1 when its chunks may be found. */
  allowed: Uint8Array;
  wanted: number;
  /** Told of every chunk that is found, however many are wanted. */
  onMatch?: ((slot: number, score: number, isComplete: boolean) => void) | undefined;
};

export type Ranked = {
  /** The best chunks that have every term, best first. */
  complete: ScoredSlot[];
  /** The best chunks that have only some of them (all required ones among these). */
  partial: ScoredSlot[];
};

export type Ranker = (terms: TermPosting[], options: RankOptions) => Ranked;

/**
 * Scores chunks by BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; idf as in Lucene):
 * Σ times × ln(1 + (N − n + ½) / (n + ½)) × tf (k1 + 1) / (tf + k1 (1 − b + b × words / average words)),
 * where tf counts a term weighed by column. The best of them are ordered anew by how near the words stand to each other.
 * The ranker keeps its work arrays: make one per index.
 */
export function createRanker(): Ranker {
  let scores = new Float32Array(0);
  let counts = new Uint8Array(0);

  function accumulate({ posting, times }: TermPosting, { table, allowed }: RankOptions): void {
    const { slots, weights } = posting;
    const { generations, words, count, totalWords } = table;
    const factor = times * inverseFrequency(posting, count) * (K1 + 1);
    const fixed = K1 * (1 - B);
    const perWord = (K1 * B * count) / Math.max(1, totalWords);
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] ?? 0;
      if (allowed[generations[slot] ?? 0] !== 1) continue;
      const frequency = (weights[i] ?? 0) / WEIGHT_STEPS;
      const norm = fixed + perWord * (words[slot] ?? 0);
      scores[slot] = (scores[slot] ?? 0) + (factor * frequency) / (frequency + norm);
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
  }

  /** Takes each touched slot once, and leaves the work arrays empty. */
  function harvest(terms: TermPosting[], { table, excluded, wanted, onMatch }: RankOptions): Ranked {
    // However deep the page, the same candidates are ordered anew: pages neither repeat nor skip.
    const complete = createTopSlots(Math.max(wanted, NEAR_CANDIDATES));
    const partial = createTopSlots(Math.max(wanted, NEAR_CANDIDATES));
    const required = terms.filter((term) => term.required);
    const ofRequired = required.length > 0 && terms.length > 1 ? countOf(required, scores.length) : undefined;
    const hasRequired = (slot: number): boolean => ofRequired === undefined || ofRequired[slot] === required.length;
    const take = (slot: number): void => {
      const count = counts[slot] ?? 0;
      if (count === 0) return;
      const score = scores[slot] ?? 0;
      const isComplete = count === terms.length;
      if (excluded?.[slot] !== 1 && (isComplete || hasRequired(slot))) {
        (isComplete ? complete : partial).offer(slot, score);
        onMatch?.(slot, score, isComplete);
      }
      counts[slot] = 0;
      scores[slot] = 0;
    };
    for (const { posting } of terms) {
      for (let i = 0; i < posting.slots.length; i++) take(posting.slots[i] ?? 0);
    }
    const nearness = createNearness(
      terms.map(({ posting }) => ({ posting, weight: inverseFrequency(posting, table.count) })),
    );
    const ordered = (found: TopSlots): ScoredSlot[] => nearness(found.sorted()).slice(0, wanted);
    return { complete: ordered(complete), partial: ordered(partial) };
  }

  return (terms, options) => {
    const size = options.table.generations.length;
    if (scores.length < size) {
      scores = new Float32Array(size);
      counts = new Uint8Array(size);
    }
    for (const term of terms) accumulate(term, options);
    return harvest(terms, options);
  };
}

/** How telling a word is: the fewer chunks have it, the more. */
function inverseFrequency({ slots }: Posting, count: number): number {
  return Math.log(1 + (count - slots.length + 0.5) / (slots.length + 0.5));
}

/** By slot: how many of the terms it has. */
function countOf(terms: TermPosting[], size: number): Uint8Array {
  const counts = new Uint8Array(size);
  for (const { posting } of terms) for (const slot of posting.slots) counts[slot] = (counts[slot] ?? 0) + 1;
  return counts;
}
