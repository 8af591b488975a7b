import type { QuantizedVectors } from './index.types.ts';
import type { Settings, VectorModel } from './settings.ts';
import type { SlotRange } from './slots.ts';
import { createTopSlots, type ScoredSlot } from './top-slots.ts';
import { type ScannedRun, slotIn, type VectorBlocks, type VectorEntry } from './vector-blocks.ts';

export type Vectors = {
  /** Whether the index may take vectors of this model now. */
  accepts(model: VectorModel): boolean;
  /** Stores the vectors of slots; `slots[i]` belongs to vector i, undefined where there is no such chunk. */
  put(generation: number, slots: (number | undefined)[], vectors: QuantizedVectors): number;
  /** Drops the vectors of the slots; returns how many there were. */
  clear(ranges: SlotRange[]): number;
  /** How many of the slots hold a vector of the generation. */
  count(generation: number, ranges: SlotRange[]): number;
  /**
   * The nearest slots by cosine, best first, at most `wanted`. Exact but for the vectors' quantisation while there are few
   * vectors; of many, those whose signs are most like the query's, whose cosines are exact.
   */
  nearest(query: NearestQuery): { found: ScoredSlot[]; rowsRead: number };
  /** Says which chunks the slots are. */
  name(found: ScoredSlot[]): { documentId: string; ordinal: number; score: number }[];
};

export type NearestQuery = {
  values: Float32Array;
  /** By generation: 1 when its chunks may be found. */
  allowed: Uint8Array;
  wanted: number;
};

/** Deeper pages and candidates come from all vectors. */
const MAX_FROM_SHORTLIST = 512;

export function createVectors(sql: SqlStorage, parts: { settings: Settings; blocks: VectorBlocks }): Vectors {
  const { settings, blocks } = parts;

  return {
    accepts(model) {
      const held = settings.vectorModel();
      if (held === undefined) return true;
      return (held.model === model.model && held.dimension === model.dimension) || blocks.isEmpty();
    },

    put(generation, slots, { dimension, codes, scales }) {
      const entries: VectorEntry[] = [];
      for (const [i, slot] of slots.entries()) {
        if (slot === undefined) continue;
        entries.push({ slot, codes: codes.subarray(i * dimension, (i + 1) * dimension), scale: scales[i] ?? 0 });
      }
      return blocks.put(generation, dimension, entries);
    },

    clear(ranges) {
      return ranges.reduce((sum, { first, last }) => sum + blocks.clear(first, last), 0);
    },

    count: (generation, ranges) => ranges.reduce((sum, range) => sum + blocks.count(generation, range), 0),

    nearest({ values, allowed, wanted }) {
      const top = createTopSlots(wanted);
      // However deep the page, the same shortlist: pages neither repeat nor skip.
      const near = wanted <= MAX_FROM_SHORTLIST ? blocks.shortlist(values, allowed) : undefined;
      if (near !== undefined) {
        for (const [i, slot] of near.slots.entries())
          top.offer(slot, (near.sums[i] ?? 0) * (near.scales[i] ?? 0) * near.factor);
        return { found: top.sorted(), rowsRead: blocks.takeRowsRead() };
      }
      const visit = (run: ScannedRun): void => {
        const { generations, scales, sums, factor } = run;
        let threshold = top.threshold();
        for (let i = 0; i < sums.length; i++) {
          const score = (sums[i] ?? 0) * (scales[i] ?? 0) * factor;
          if (score < threshold || allowed[generations[i] ?? 0] !== 1) continue;
          top.offer(slotIn(run, i), score);
          threshold = top.threshold();
        }
      };
      blocks.scan(values, visit);
      return { found: top.sorted(), rowsRead: blocks.takeRowsRead() };
    },

    name(found) {
      const rows = sql.exec(
        `SELECT j.key, d.document_id, c.ordinal FROM json_each(?) j CROSS JOIN chunks c ON c.slot = j.value
          CROSS JOIN generations g ON g.number = c.generation CROSS JOIN documents d ON d.number = g.document
        ORDER BY j.key`,
        JSON.stringify(found.map((candidate) => candidate.slot)),
      );
      return [...rows.raw<[number, string, number]>()].map(([key, documentId, ordinal]) => ({
        documentId,
        ordinal,
        score: found[key]?.score ?? 0,
      }));
    },
  };
}

/** Whether the arrays have the lengths that they declare. */
export function isWellFormed({ dimension, ordinals, codes, scales }: QuantizedVectors): boolean {
  return dimension > 0 && codes.length === ordinals.length * dimension && scales.length === ordinals.length;
}
