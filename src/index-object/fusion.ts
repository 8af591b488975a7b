/** The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): how slowly ranks lose weight. */
export const RANK_CONSTANT = 60;

/** Candidates that each side brings to the fusion: as far as anybody may page. */
export const FUSION_CANDIDATES = 400;

export type RankedSide = {
  /** Best first. */
  ranking: { slot: number; score: number }[];
  weight: number;
};

export type FusedSlot = { slot: number; score: number };

/**
 * Weighted reciprocal rank fusion: score = Σ weight / (60 + rank), rank from 1. Equal scores are ordered by slot.
 */
export function fuse(sides: RankedSide[]): FusedSlot[] {
  const scores = new Map<number, number>();
  for (const { ranking, weight } of sides) {
    for (const [index, { slot }] of ranking.entries()) {
      scores.set(slot, (scores.get(slot) ?? 0) + weight / (RANK_CONSTANT + index + 1));
    }
  }
  return [...scores].map(([slot, score]) => ({ slot, score })).sort((a, b) => b.score - a.score || a.slot - b.slot);
}
