import { and, between, eq, getTableColumns, inArray, ne, or, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { type Changes, createRepository, type NewRow } from '../../db/repository.ts';
import { inJson, integer, requireThat } from '../../db/sql.ts';
import type { PageRequest } from '../../shared/page.ts';
import { type Resource, type ResourceStatus, type ResourceType, resources } from './resources.table.ts';

/** A resource whose turn it is to be fetched, with what decides how. */
export type Turn = Resource & {
  /** Whether its documents can still be filed there. */
  hasLiveCollection: boolean;
  /** Entries of the feed that nobody has accepted or dismissed. */
  waitingEntries: number;
};

export type ResourceFilter = {
  status?: ResourceStatus | undefined;
  type?: ResourceType | undefined;
  feedId?: string | undefined;
  collectionId?: string | undefined;
  documentId?: string | undefined;
  host?: string | undefined;
  title?: string | undefined;
};

/** A document of the owner's that was opened so many times, last at that time. */
export type Opened = { ownerId: string; documentId: string; times: number; at: number };

/** What is to be looked at, and whether anybody still wants it. */
export type Due = { id: string; ownerId: string; isWanted: boolean };

const HOUR_MS = 60 * 60_000;
const MAX_BACK_OFF_DOUBLINGS = 5;

/** Whose document has been deleted for good: nobody wants it back unless they say so. */
const hasLostItsDocument = sql`(${resources.status} = 'ready' and ${resources.documentId} is null and ${resources.type} is not 'feed')`;

/** When it is looked at next; never for what has no interval. */
const nextCheck = (now: number) =>
  sql<number | null>`case when ${resources.checkEveryHours} is null or ${hasLostItsDocument} then null
    else ${integer(now)} + ${resources.checkEveryHours} * ${integer(HOUR_MS)} end`;

/** The same where the columns that it depends on are written in the same statement. */
const firstCheck = (now: number, { checkEveryHours, documentId }: Changes<typeof resources>) => {
  if (typeof checkEveryHours === 'number') return now + checkEveryHours * HOUR_MS;
  if (documentId === undefined) return nextCheck(now);
  return sql<number | null>`${integer(now)} + ${resources.checkEveryHours} * ${integer(HOUR_MS)}`;
};

/** The longer it has failed, the later: up to 32 intervals, at most 30 days. */
const laterCheck = (now: number) =>
  sql<number | null>`case when ${resources.checkEveryHours} is null then null
    else ${integer(now)} + min(${integer(720)},
      ${resources.checkEveryHours} << min(${resources.failureCount} + 1, ${integer(MAX_BACK_OFF_DOUBLINGS)}))
      * ${integer(HOUR_MS)} end`;

/** What nobody has read yet: neither its document nor, for a feed, its entries. */
export const hasNothingYet = sql`${resources.documentId} is null and (${resources.type} is not 'feed' or ${resources.changedAt} is null)`;

/** Somebody was faster than the sweep. */
export class TakenMeanwhileError extends Error {
  override readonly name = 'TakenMeanwhileError';
}

/** Rows of `resources`. */
export function createResourcesRepository(database: Database) {
  const { orm } = database;
  const rows = createRepository(database, resources);
  const owned = (ownerId: string, id: string) => and(eq(resources.ownerId, ownerId), eq(resources.id, id));

  const requireState = (
    ownerId: string,
    { id, condition, refusal }: { id: string; condition: SQL; refusal: () => Error },
  ): Statement =>
    requireThat(database, {
      condition: sql`exists (select 1 from ${resources} where ${owned(ownerId, id)} and ${condition})`,
      refusal,
    });

  return {
    find: (ownerId: string, id: string) => rows.find(ownerId, id),
    select: (ownerId: string, id: string) => rows.select(ownerId, id),
    insert: (row: NewRow<typeof resources>): Statement => rows.insert(row),
    /** Rows whose address the owner has already are passed over. */
    insertNew: (many: NewRow<typeof resources>[]): Statement => rows.insertMany(many, { onConflict: 'ignore' }),
    requireRow: rows.requireRow,

    list(ownerId: string, { title, ...options }: ResourceFilter & PageRequest) {
      const { status, type, feedId, collectionId, documentId, host, ...page } = options;
      const filter = { status, type, feedId, collectionId, documentId, host };
      return rows.list(ownerId, {
        ...page,
        filter: { ...filter, title: title === undefined ? undefined : { contains: title } },
      });
    },

    async findByUrl(ownerId: string, url: string): Promise<Resource | undefined> {
      const found = await orm
        .select()
        .from(resources)
        .where(and(eq(resources.ownerId, ownerId), eq(resources.url, url)));
      return found[0];
    },

    /** Those of the addresses that the owner has. */
    async knownUrls(ownerId: string, urls: string[]): Promise<Set<string>> {
      const found = await orm
        .select({ url: resources.url })
        .from(resources)
        .where(and(eq(resources.ownerId, ownerId), inJson(resources.url, urls)));
      return new Set(found.map(({ url }) => url));
    },

    update: (
      ownerId: string,
      change: {
        id: string;
        changes: Changes<typeof resources>;
        now: number;
        expectedVersion?: number | undefined;
      },
    ): Statement => rows.update(ownerId, change),

    /** Looks away from it until the next time. */
    putOff: (ownerId: string, { id, now }: { id: string; now: number }): Statement =>
      rows.update(ownerId, { id, now, changes: { busyUntil: null, dueAt: nextCheck(now) } }),

    /**
     * Takes a place in the queue for the host, unless it has one that it has not used: turns of one owner at one host are
     * a gap apart, and nobody else's requests have a part in it.
     */
    takeTurn: (ownerId: string, { id, gapMs, now }: { id: string; gapMs: number; now: number }): Statement =>
      orm
        .update(resources)
        .set({
          slotAt: sql`case when coalesce(${resources.slotAt}, 0) > coalesce(${resources.fetchedAt}, 0)
            then ${resources.slotAt}
            else max(${integer(now)}, coalesce((select max(other.slot_at) from resources as other
              where other.owner_id = ${ownerId} and other.host = resources.host), 0) + ${integer(gapMs)}) end`,
        })
        .where(owned(ownerId, id)),

    /** Lets it in if its turn has come by then, and not too many of the owner's are at the host. */
    enter: (
      ownerId: string,
      { id, by, busyUntil, most, now }: { id: string; by: number; busyUntil: number; most: number; now: number },
    ): Statement =>
      orm
        .update(resources)
        .set({ busyUntil })
        .where(
          and(
            owned(ownerId, id),
            sql`${resources.slotAt} <= ${integer(by)}`,
            sql`(select count(*) from resources as other where other.owner_id = ${ownerId}
              and other.host = resources.host and other.busy_until > ${integer(now)}
              and other.id <> resources.id) < ${integer(most)}`,
          ),
        ),

    turn: (ownerId: string, id: string): Statement<Turn[]> =>
      orm
        .select({
          ...getTableColumns(resources),
          hasLiveCollection: sql`exists (select 1 from collections
            where collections.id = ${resources.collectionId} and collections.deleted_at is null)`
            .mapWith(Boolean)
            .as('has_live_collection'),
          waitingEntries: sql<number>`(select count(*) from resources as entry
            where entry.feed_id = resources.id and entry.status = 'discovered')`.as('waiting_entries'),
        })
        .from(resources)
        .where(owned(ownerId, id)),

    /** What a fetch that succeeded leaves. */
    fetched(
      ownerId: string,
      { id, changes, now }: { id: string; changes: Changes<typeof resources>; now: number },
    ): Statement {
      return rows.update(ownerId, {
        id,
        now,
        changes: {
          ...changes,
          status: 'ready',
          busyUntil: null,
          fetchedAt: now,
          fetchCount: sql`${resources.fetchCount} + 1`,
          failureCount: 0,
          errorCode: null,
          errorMessage: null,
          dueAt: firstCheck(now, changes),
        },
      });
    },

    /** Counts a fetch that will be tried again; what people see of it stays. */
    fetchedInVain: (ownerId: string, { id, now }: { id: string; now: number }): Statement =>
      orm
        .update(resources)
        .set({ busyUntil: null, fetchedAt: now, fetchCount: sql`${resources.fetchCount} + 1` })
        .where(owned(ownerId, id)),

    /** What was read before stays; what never was has failed. */
    failed(
      ownerId: string,
      {
        id,
        failure,
        isForGood,
        now,
      }: { id: string; failure: { code: string; message: string }; isForGood: boolean; now: number },
    ): Statement {
      return rows.update(ownerId, {
        id,
        now,
        changes: {
          status: sql`case when ${hasNothingYet} then 'failed' else ${resources.status} end`,
          errorCode: failure.code,
          errorMessage: failure.message,
          failureCount: sql`${resources.failureCount} + 1`,
          busyUntil: null,
          fetchedAt: now,
          dueAt: isForGood ? null : laterCheck(now),
        },
        where: ne(resources.status, 'dismissed'),
      });
    },

    requireWithoutDocument: (ownerId: string, { id, refusal }: { id: string; refusal: () => Error }): Statement =>
      requireState(ownerId, { id, condition: sql`(${resources.status} <> 'ready' or (${hasNothingYet}))`, refusal }),

    requireAccepted: (ownerId: string, { id, refusal }: { id: string; refusal: () => Error }): Statement =>
      requireState(ownerId, {
        id,
        condition: sql`${inArray(resources.status, ['ready', 'failed', 'pending'])}`,
        refusal,
      }),

    /** Counts an entry for its feed, if it is one that waits. */
    countAccepted: (ownerId: string, { id, now }: { id: string; now: number }): Statement =>
      orm
        .update(resources)
        .set({
          acceptedCount: sql`${resources.acceptedCount} + 1`,
          version: sql`${resources.version} + 1`,
          updatedAt: now,
        })
        .where(
          and(
            eq(resources.ownerId, ownerId),
            sql`${resources.id} = (select entry.feed_id from resources as entry where entry.id = ${id}
              and entry.owner_id = ${ownerId} and entry.status in ('discovered', 'dismissed'))`,
          ),
        ),

    /** Removes it, and with a feed what it has named and nobody wanted. */
    remove(ownerId: string, id: string): Statement[] {
      const waiting = and(
        eq(resources.feedId, id),
        sql`+${resources.ownerId} = ${ownerId}`,
        or(eq(resources.status, 'discovered'), eq(resources.status, 'dismissed')),
      );
      return [orm.delete(resources).where(waiting), rows.remove(ownerId, [id])];
    },

    /** What is to be looked at again, of anybody, but for what a job is at. With a beginning: see the trash. */
    due: ({ now, limit }: { now: number; limit: number }): Promise<Due[]> =>
      orm
        .select({
          id: resources.id,
          ownerId: resources.ownerId,
          isWanted: sql`not ${hasLostItsDocument}`.mapWith(Boolean).as('is_wanted'),
        })
        .from(resources)
        .where(
          and(
            between(resources.dueAt, 1, now),
            sql`not exists (select 1 from processing_jobs as job where job.owner_id = resources.owner_id
              and job.subject_id = resources.id and job.due_at is not null)`,
          ),
        )
        .orderBy(resources.dueAt)
        .limit(limit),

    /** Puts off the next look, unless somebody else has: then the batch is undone. */
    postpone(ids: string[], now: number): Statement[] {
      return [
        orm
          .update(resources)
          .set({ dueAt: nextCheck(now) })
          .where(and(inJson(resources.id, ids), sql`+${resources.dueAt} <= ${integer(now)}`)),
        requireThat(database, {
          condition: sql`changes() = ${integer(ids.length)}`,
          refusal: () => new TakenMeanwhileError('Another sweep was faster.'),
        }),
      ];
    },

    /** Counts documents that were opened; those that came from elsewhere have no row here. */
    async countOpened(opened: Opened[]): Promise<void> {
      await orm.run(sql`update resources
        set open_count = open_count + (opened.value ->> 'times'), opened_at = opened.value ->> 'at'
        from json_each(${JSON.stringify(opened)}) as opened
        where resources.document_id = opened.value ->> 'documentId'
        and +resources.owner_id = opened.value ->> 'ownerId'`);
    },
  };
}

export type ResourcesRepository = ReturnType<typeof createResourcesRepository>;
