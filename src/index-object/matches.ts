import type { ScoredSlot } from './top-slots.ts';

/** The documents that match a search, each by its best passage. */
export type MatchedDocuments = Map<number, ScoredSlot>;

/** Takes passages in, as they are found. */
export type Matches = {
  note(slot: number, score: number, isComplete: boolean): void;
  /** By generation. With `partial`, also those that have only passages with some of the words; complete ones go first. */
  documents(options: { partial: boolean; ranked: 'together' | 'complete first' }): MatchedDocuments;
};

type Best = { slots: Uint32Array; scores: Float32Array };

/** @param generations whose passage is in which slot, and `count`, how many numbers of generations there are. */
export function createMatches(generations: Uint32Array, count: number): Matches {
  const seen: number[] = [];
  const known = new Uint8Array(count);
  const emptyBest = (): Best => ({ slots: new Uint32Array(count), scores: new Float32Array(count).fill(-1) });
  const complete = emptyBest();
  const partial = emptyBest();

  const bestOf = ({ slots, scores }: Best, generation: number): ScoredSlot | undefined => {
    const score = scores[generation] ?? -1;
    return score < 0 ? undefined : { slot: slots[generation] ?? 0, score };
  };

  return {
    note(slot, score, isComplete) {
      const generation = generations[slot] ?? 0;
      if (known[generation] === 0) {
        known[generation] = 1;
        seen.push(generation);
      }
      const { slots, scores } = isComplete ? complete : partial;
      const before = scores[generation] ?? -1;
      if (score < before || (score === before && slot > (slots[generation] ?? 0))) return;
      scores[generation] = score;
      slots[generation] = slot;
    },

    documents({ partial: takesPartial, ranked }) {
      const found: MatchedDocuments = new Map();
      for (const generation of seen) {
        const whole = bestOf(complete, generation);
        const some = takesPartial ? bestOf(partial, generation) : undefined;
        const isBetter = ranked === 'together' && some !== undefined && whole !== undefined && some.score > whole.score;
        const best = isBetter ? some : (whole ?? some);
        if (best !== undefined) found.set(generation, best);
      }
      return found;
    },
  };
}

/** The documents of candidates, best first. */
export function documentsOf(ranking: readonly ScoredSlot[], generations: Uint32Array): MatchedDocuments {
  const found: MatchedDocuments = new Map();
  for (const candidate of ranking) {
    const generation = generations[candidate.slot] ?? 0;
    if (!found.has(generation)) found.set(generation, candidate);
  }
  return found;
}
