import { and, count, eq, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository, type NewRow } from '../../db/repository.ts';
import { inJson, integer } from '../../db/sql.ts';
import type { PageRequest } from '../../shared/page.ts';
import { documentTags, type Tag, tags } from './library.table.ts';

/** A tag with the number of live documents that have it. */
export type CountedTag = Tag & { usageCount: number };

type NewTag = { id: string; name: string; key: string };
type Change = { id: string; expectedVersion?: number | undefined };
type TagColumns = { name?: string | undefined; nameKey?: string | undefined; colour?: string | null | undefined };

const counts = {
  usageCount: sql<number>`(select count(*) from document_tags
    join documents on documents.id = document_tags.document_id
    where document_tags.tag_id = tags.id and documents.deleted_at is null)`.as('usage_count'),
};

/** Rows of `tags` and `document_tags`. */
export function createTagsRepository(database: Database) {
  const rows = createRepository(database, tags, counts);
  const { orm } = database;

  return {
    find: (ownerId: string, id: string): Promise<CountedTag | undefined> => rows.find(ownerId, id),
    select: (ownerId: string, id: string): Statement<CountedTag[]> => rows.select(ownerId, id),

    summarise: (ownerId: string): Statement<{ total: number }[]> =>
      orm.select({ total: count() }).from(tags).where(eq(tags.ownerId, ownerId)),

    list(ownerId: string, { key, sort, ...page }: PageRequest & { key: string | undefined }) {
      // By the folded name: as people expect it, and in the order of an index, so that only the page is counted.
      const sortColumn = sort === 'name' ? 'nameKey' : sort;
      return rows.list(ownerId, { ...page, sort: sortColumn, filter: { nameKey: { contains: key } } });
    },

    insert: (row: NewRow<typeof tags>): Statement => rows.insert(row),

    update: (ownerId: string, { changes, ...change }: Change & { changes: TagColumns; now: number }): Statement[] => [
      ...rows.requireRow(ownerId, { ...change, what: 'tag' }),
      rows.update(ownerId, { ...change, changes }),
    ],

    remove: (ownerId: string, change: Change): Statement[] => [
      ...rows.requireRow(ownerId, { ...change, what: 'tag' }),
      rows.remove(ownerId, [change.id]),
    ],

    /** Makes those tags that the owner does not have. */
    insertMissing: (ownerId: string, { tags: missing, now }: { tags: NewTag[]; now: number }): Statement =>
      rows.insertMany(
        missing.map(({ id, name, key }) => ({ id, ownerId, name, nameKey: key, createdAt: now, updatedAt: now })),
        { onConflict: 'ignore' },
      ),

    /** Gives the owner's documents those of the owner's tags; what they have already stays. Cross joins keep this order. */
    assignToAll(
      ownerId: string,
      { documentIds, keys, now }: { documentIds: string[]; keys: string[]; now: number },
    ): Statement {
      return orm.run(sql`insert into document_tags (document_id, tag_id, owner_id, created_at)
        select documents.id, tags.id, tags.owner_id, ${integer(now)}
        from json_each(${JSON.stringify(keys)}) as wanted
        cross join tags on tags.owner_id = ${ownerId} and tags.name_key = wanted.value
        cross join json_each(${JSON.stringify(documentIds)}) as chosen
        cross join documents on documents.id = chosen.value and +documents.owner_id = ${ownerId}
        where true
        on conflict do nothing`);
    },

    /** Takes every other tag from the document. */
    unassignOthers(ownerId: string, { documentId, keys }: { documentId: string; keys: string[] }): Statement {
      const kept = sql`select tags.id from tags where tags.owner_id = ${ownerId} and ${inJson(sql`tags.name_key`, keys)}`;
      return orm
        .delete(documentTags)
        .where(
          and(
            eq(documentTags.ownerId, ownerId),
            eq(documentTags.documentId, documentId),
            sql`${documentTags.tagId} not in (${kept})`,
          ),
        );
    },

    /** The first of the owner's tags by name. */
    named: (ownerId: string, limit: number): Statement<{ id: string; name: string }[]> =>
      orm
        .select({ id: tags.id, name: tags.name })
        .from(tags)
        .where(eq(tags.ownerId, ownerId))
        .orderBy(tags.nameKey)
        .limit(limit),

    /** Ids of the tags with these folded names, of those that there are. */
    withKeys: (ownerId: string, keys: string[]): Statement<{ id: string; nameKey: string }[]> =>
      orm
        .select({ id: tags.id, nameKey: tags.nameKey })
        .from(tags)
        .where(and(eq(tags.ownerId, ownerId), inJson(tags.nameKey, keys))),
  };
}
