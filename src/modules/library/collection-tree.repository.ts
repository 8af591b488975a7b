import { and, eq, isNotNull, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { also, integer, requireThat } from '../../db/sql.ts';
import { MAX_COLLECTION_DEPTH } from './library.errors.ts';
import { collections } from './library.table.ts';

/** Ends every walk, also one through a tree that is deeper than it may become. */
const MAX_STEPS = sql.raw(String(2 * MAX_COLLECTION_DEPTH));
const MAX_DEPTH = sql.raw(String(MAX_COLLECTION_DEPTH));

/** `above`: the collection itself and those that contain it, innermost first. */
const above = (ownerId: string, id: string): SQL => sql`with recursive above (id, parent_id, depth) as (
    select id, parent_id, 1 from collections where id = ${id} and owner_id = ${ownerId}
    union all
    select outer_one.id, outer_one.parent_id, above.depth + 1
    from above join collections as outer_one on outer_one.id = above.parent_id
    where above.depth < ${MAX_STEPS}
  )`;

/**
 * `below`: the collection itself and those in it whose `deleted_at` is the same as its own: of a live collection the
 * live ones, of one in the trash those that went there with it. The plus keeps the walk on the index over parents.
 */
const below = (ownerId: string, id: string): SQL => sql`with recursive below (id, deleted_at, depth) as (
    select id, deleted_at, 1 from collections where id = ${id} and owner_id = ${ownerId}
    union all
    select inner_one.id, inner_one.deleted_at, below.depth + 1
    from below join collections as inner_one on inner_one.parent_id = below.id
    where +inner_one.owner_id = ${ownerId} and inner_one.deleted_at is below.deleted_at and below.depth < ${MAX_STEPS}
  )`;

/** How collections contain each other. */
export function createCollectionTree(database: Database) {
  const { orm } = database;

  const markSubtree = (ownerId: string, { id, mark, now }: { id: string; mark: SQL; now: number }): Statement =>
    orm
      .update(collections)
      .set({ deletedAt: mark, version: sql`${collections.version} + 1`, updatedAt: now })
      .where(
        and(also(collections.ownerId, ownerId), sql`${collections.id} in (${below(ownerId, id)} select id from below)`),
      );

  return {
    /** For each of the collections, itself and the live ones in it, at any depth; none when it is not theirs or not live. */
    subtrees: (ownerId: string, ids: string[]): Statement<{ root: string; id: string }[]> =>
      orm.all<{ root: string; id: string }>(sql`with recursive below (root, id, depth) as (
          select collections.id, collections.id, 1 from json_each(${JSON.stringify(ids)}) as wanted
          cross join collections on collections.id = wanted.value
          where +collections.owner_id = ${ownerId} and collections.deleted_at is null
          union all
          select below.root, inner_one.id, below.depth + 1
          from below join collections as inner_one on inner_one.parent_id = below.id
          where +inner_one.owner_id = ${ownerId} and inner_one.deleted_at is null and below.depth < ${MAX_STEPS}
        ) select root, id from below`),

    /** Undoes the batch when the parent is the collection itself or inside it. */
    requireOutside(
      ownerId: string,
      { id, parentId, refusal }: { id: string; parentId: string; refusal: () => Error },
    ): Statement {
      return requireThat(database, {
        condition: sql`${id} not in (${above(ownerId, parentId)} select id from above)`,
        refusal,
      });
    },

    /** Undoes the batch when the collection, where it is now, makes the tree too deep. */
    requireDepth(ownerId: string, { id, refusal }: { id: string; refusal: () => Error }): Statement {
      const depth = sql`(${above(ownerId, id)} select count(*) from above)`;
      const height = sql`(${below(ownerId, id)} select max(depth) from below)`;
      return requireThat(database, { condition: sql`${depth} + ${height} - 1 <= ${MAX_DEPTH}`, refusal });
    },

    trashSubtree: (ownerId: string, { id, now }: { id: string; now: number }): Statement =>
      markSubtree(ownerId, { id, mark: integer(now), now }),

    restoreSubtree: (ownerId: string, { id, now }: { id: string; now: number }): Statement =>
      markSubtree(ownerId, { id, mark: sql`null`, now }),

    /** A collection in the trash whose parent is there too, or gone, moves to the top. */
    detachFromTrash(ownerId: string, id: string): Statement {
      return orm
        .update(collections)
        .set({ parentId: null })
        .where(
          and(
            eq(collections.ownerId, ownerId),
            eq(collections.id, id),
            isNotNull(collections.deletedAt),
            sql`not exists (select 1 from collections as parent
              where parent.id = collections.parent_id and parent.deleted_at is null)`,
          ),
        );
    },
  };
}
