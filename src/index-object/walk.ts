import type { SearchPlace, SearchSort } from './index.types.ts';
import type { Slots } from './slots.ts';
import type { ScoredSlot } from './top-slots.ts';

/**
 * Walking through the pages of a search while documents come, change and go. A page is the best of what the walk has not
 * shown yet, of documents that were there when it began. So nothing is shown twice, whatever moves in the order; and as
 * pages go on until nothing is left, nothing is passed over that goes on matching.
 */
export type Walk = {
  /** By generation: 1 when its passages may be found, later documents left out. */
  allowed: Uint8Array;
  /** Whether partly matching passages were taken in at the first page; undefined at the first one. */
  widened: boolean | undefined;
  /** The same of other content. */
  restrict(allowed: Uint8Array): Uint8Array;
  /** What has not been shown. */
  rest<T extends ScoredSlot>(ranking: T[]): T[];
  /** How many passages have been shown: a list that holds so many more has enough left. */
  depth: number;
  /** To look once more without what has been shown, where a list of fixed length has been walked to its end. */
  beyond(): Pick<Walk, 'allowed' | 'depth'>;
  rowsRead: number;
};

type Begin = {
  place: SearchPlace | undefined;
  allowed: Uint8Array;
  /** Which document has shown one passage has been shown whole. */
  isByDocument: boolean;
};

const ORDERS = { createdAt: 'd.created_at', updatedAt: 'd.updated_at', title: 'd.title COLLATE NOCASE' } as const;

export function createWalks(sql: SqlStorage, slots: Pick<Slots, 'table'>) {
  /** Leaves out what came later. */
  function readLater(newest: number): { restrict: Walk['restrict']; rowsRead: number } {
    const cursor = sql.exec(
      'SELECT generation FROM documents WHERE number > CAST(? AS INTEGER) AND generation IS NOT NULL',
      newest,
    );
    const later = [...cursor.raw<[number]>()];
    const generations = new Set(later.map(([generation]) => generation));
    const restrict = (allowed: Uint8Array) => (later.length === 0 ? allowed : without(allowed, generations));
    return { restrict, rowsRead: cursor.rowsRead };
  }

  /** Contents and passages that have been shown, as far as they are still there. */
  function readShown(shown: SearchPlace['shown']) {
    const cursor = sql.exec(
      `SELECT d.generation, c.slot FROM json_each(?) j CROSS JOIN documents d ON d.number = j.value ->> 0
        LEFT JOIN chunks c ON c.generation = d.generation AND c.ordinal = j.value ->> 1
        WHERE d.generation IS NOT NULL`,
      JSON.stringify(shown),
    );
    const rows = [...cursor.raw<[number, number | null]>()];
    return {
      generations: new Set(rows.map(([generation]) => generation)),
      slots: new Set(rows.map(([, slot]) => slot)),
      rowsRead: cursor.rowsRead,
    };
  }

  return {
    begin({ place, allowed: all, isByDocument }: Begin): Walk {
      if (place === undefined) {
        const beyond = () => ({ allowed: all, depth: 0 });
        const same = <T>(given: T): T => given;
        return { ...beyond(), beyond, widened: undefined, restrict: same, rest: same, rowsRead: 0 };
      }
      const { restrict, rowsRead } = readLater(place.newest);
      const allowed = restrict(all);
      const shown = readShown(place.shown);
      const isShown = isByDocument
        ? ({ slot }: ScoredSlot) => shown.generations.has(slots.table().generations[slot] ?? 0)
        : ({ slot }: ScoredSlot) => shown.slots.has(slot);
      const depth = isByDocument ? 0 : place.shown.length;
      return {
        allowed,
        restrict,
        depth,
        widened: place.widened,
        rest: (ranking) => ranking.filter((candidate) => !isShown(candidate)),
        beyond: () => ({ allowed: isByDocument ? without(allowed, shown.generations) : allowed, depth }),
        rowsRead: rowsRead + shown.rowsRead,
      };
    },

    /** Number of the newest document, for a walk that begins. */
    newest(): number {
      const rows = sql.exec<{ number: number }>('SELECT number FROM documents ORDER BY number DESC LIMIT 1');
      return rows.toArray()[0]?.number ?? 0;
    },

    /** Puts documents, each named by a passage, in another order; equal ones in that of their ids. */
    sort(best: ScoredSlot[], { by, order, limit }: SearchSort & { limit: number }) {
      if (by === 'relevance') throw new Error('Rankings have their order');
      const direction = order === 'asc' ? 'ASC' : 'DESC';
      const byGeneration = new Map(best.map((passage) => [slots.table().generations[passage.slot] ?? 0, passage]));
      const cursor = sql.exec(
        `SELECT d.generation FROM json_each(?) j CROSS JOIN generations g ON g.number = j.value
          CROSS JOIN documents d ON d.number = g.document AND d.generation = g.number
        ORDER BY ${ORDERS[by]} ${direction}, d.document_id ${direction} LIMIT CAST(? AS INTEGER)`,
        JSON.stringify([...byGeneration.keys()]),
        limit,
      );
      const found = [...cursor.raw<[number]>()].flatMap(([generation]) => byGeneration.get(generation) ?? []);
      return { found, rowsRead: cursor.rowsRead };
    },
  };
}

export type Walks = ReturnType<typeof createWalks>;

function without(allowed: Uint8Array, generations: ReadonlySet<number>): Uint8Array {
  const mask = allowed.slice();
  for (const generation of generations) mask[generation] = 0;
  return mask;
}
