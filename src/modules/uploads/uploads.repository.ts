import { and, asc, between, eq, isNotNull, isNull, ne, type SQL, sql } from 'drizzle-orm';
import { bulkInsert } from '../../db/bulk.ts';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository } from '../../db/repository.ts';
import { also, integer, requireChange, requireThat } from '../../db/sql.ts';
import type { StoredPart } from '../../platform/files/part-store.ts';
import { notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import * as errors from './uploads.errors.ts';
import { type Upload, uploadParts, uploads } from './uploads.table.ts';

/** Names the request that may add bytes. */
export type WriterKey = { id: string; writer: string };

/** What one request wants to add, so that numbers of parts can be put aside for it. */
export type Intent = {
  /** Where it goes on. */
  offset: number;
  /** Undefined when that is not said. */
  bytes: number | undefined;
  /** Nothing counts until all of it has arrived; else each part counts by itself. */
  isWhole: boolean;
};

/** How far an upload has come. */
export type Advance = Pick<Upload, 'receivedBytes' | 'nextPart' | 'restId'> & {
  parts: StoredPart[];
  now: number;
  /** Set with the last bytes of the request. */
  ends?: { isComplete: boolean; dueAt: number };
};

const MAX_DUE_PER_SWEEP = 100;
const MAX_DELAYS = 60;

/** Rows of `uploads` and their parts. */
export function createUploadsRepository(database: Database) {
  const { orm } = database;
  const rows = createRepository(database, uploads);
  const table = uploads;
  const own = (ownerId: string, id: string, ...conditions: (SQL | undefined)[]) =>
    and(also(table.ownerId, ownerId), eq(table.id, id), ...conditions);
  const isVisible = ne(table.status, 'terminated');
  const counted = { version: sql`${table.version} + 1` };

  const requireVisible = (ownerId: string, id: string): Statement =>
    requireThat(database, {
      condition: sql`exists (select 1 from ${table} where ${own(ownerId, id, isVisible)})`,
      refusal: () => notFound('upload'),
    });

  const removeParts = (ownerId: string, id: string): Statement =>
    orm.delete(uploadParts).where(and(also(uploadParts.ownerId, ownerId), eq(uploadParts.uploadId, id)));

  return {
    async find(ownerId: string, id: string): Promise<Upload | undefined> {
      const [found] = await orm
        .select()
        .from(table)
        .where(own(ownerId, id, isVisible));
      return found;
    },

    /** The same as a statement, whatever its state. */
    select: (ownerId: string, id: string): Statement<Upload[]> => rows.select(ownerId, id),

    list: (ownerId: string, page: PageRequest): Promise<Page<Upload>> =>
      rows.list(ownerId, { ...page, where: isVisible }),

    insert: (row: Upload): Statement => rows.insert(row),

    /** Undoes the batch if the owner has as many unfinished uploads already. */
    requireRoom(ownerId: string, limit: number): Statement {
      const open = and(eq(table.ownerId, ownerId), eq(table.status, 'receiving'));
      return requireThat(database, {
        condition: sql`(select count(*) from ${table} where ${open}) < ${integer(limit)}`,
        refusal: () => errors.tooManyUploads(limit),
      });
    },

    /**
     * Makes an upload that goes on at this place the request's own, whoever had it before.
     * @returns the row if that was done, and the row as it is.
     */
    async claim(
      ownerId: string,
      { id, writer, now, intent }: WriterKey & { now: number; intent: Intent },
    ): Promise<{ claimed: Upload | undefined; present: Upload | undefined }> {
      const next = sql`case when ${isNull(table.writer)} then ${table.nextPart} else ${table.reservedPart} end`;
      const left = sql`(${table.sizeBytes} - ${table.receivedBytes})`;
      const coming = intent.bytes === undefined ? left : sql`min(${integer(intent.bytes)}, ${left})`;
      const needed = intent.isWhole ? sql`${coming} / ${table.partBytes} + 2` : sql`1`;
      const isNext = and(
        eq(table.status, 'receiving'),
        eq(table.receivedBytes, intent.offset),
        sql`${table.expiresAt} > ${integer(now)}`,
      );
      const claim: Statement<Upload[]> = orm
        .update(table)
        .set({ ...counted, writer, nextPart: next, reservedPart: sql`${next} + ${needed}`, updatedAt: now })
        .where(own(ownerId, id, isNext))
        .returning();
      const read: Statement<Upload[]> = orm
        .select()
        .from(table)
        .where(own(ownerId, id, isVisible));
      const [[claimed], [present]] = await database.commitAside([claim, read]);
      return { claimed, present };
    },

    /** Gives a claim up, when nothing is on its way any more that belongs to it. */
    async release(ownerId: string, { id, writer }: WriterKey): Promise<void> {
      await database.commitAside([
        orm
          .update(table)
          .set({ writer: null })
          .where(own(ownerId, id, eq(table.writer, writer))),
      ]);
    },

    /** Notes what has arrived for good; undone for a request that was overtaken. */
    advance(ownerId: string, { id, writer }: WriterKey, { parts, now, ends, ...state }: Advance): Statement[] {
      const isOwn = own(ownerId, id, eq(table.writer, writer), eq(table.status, 'receiving'));
      const reserved = { reservedPart: state.nextPart + 1 };
      const ended = ends && {
        writer: null,
        ...(ends.isComplete && { status: 'completing' as const, dueAt: ends.dueAt }),
      };
      const set = { ...counted, ...state, ...reserved, ...ended, updatedAt: now };
      const newParts = parts.map((part) => ({ ...part, uploadId: id, ownerId }));
      return [
        orm.update(table).set(set).where(isOwn),
        requireChange(database, errors.takenOver),
        bulkInsert(database, uploadParts, { rows: newParts, onConflict: 'fail' }),
      ];
    },

    async parts(ownerId: string, id: string): Promise<StoredPart[]> {
      return orm
        .select({ number: uploadParts.number, tag: uploadParts.tag })
        .from(uploadParts)
        .where(and(also(uploadParts.ownerId, ownerId), eq(uploadParts.uploadId, id)))
        .orderBy(asc(uploadParts.number));
    },

    /** Belongs into the batch that makes the document, and undoes it if there is one already. */
    markComplete(
      ownerId: string,
      { id, documentId, now, dueAt }: Pick<Upload, 'id' | 'dueAt'> & { documentId: string; now: number },
    ): Statement[] {
      const done = { status: 'complete' as const, documentId, partsId: null, dueAt, attempts: 0, updatedAt: now };
      return [
        orm
          .update(table)
          .set({ ...counted, ...done })
          .where(own(ownerId, id, eq(table.status, 'completing'))),
        requireChange(database, () => new CompletedBeforeError('Somebody else was faster.')),
        removeParts(ownerId, id),
      ];
    },

    /** Hides an upload from everybody. */
    terminate(ownerId: string, { id, now }: Pick<Upload, 'id'> & { now: number }): Statement[] {
      const changes = { status: 'terminated' as const, writer: null, dueAt: now, attempts: 0, updatedAt: now };
      const isExpired = sql`exists (select 1 from ${table} where ${own(ownerId, id, eq(table.status, 'expired'))})`;
      return [
        requireVisible(ownerId, id),
        requireThat(database, { condition: sql`not ${isExpired}`, refusal: errors.uploadExpired }),
        orm
          .update(table)
          .set({ ...counted, ...changes })
          .where(own(ownerId, id, isVisible, ne(table.status, 'completing'))),
        requireChange(database, errors.stillCompleting),
      ];
    },

    /**
     * Takes what is due, whoever it belongs to, and puts it off for next time: two ticks at once do nothing twice. What
     * was not finished in time is expired from then on.
     */
    async claimDue(now: number, delayMs: number): Promise<Upload[]> {
      const due = orm
        .select({ id: table.id })
        .from(table)
        // With a beginning, SQLite goes to it in the index instead of walking the index from its start.
        .where(between(table.dueAt, 1, now))
        .orderBy(asc(table.dueAt))
        .limit(MAX_DUE_PER_SWEEP);
      const delays = sql`min(${table.attempts} + 1, ${integer(MAX_DELAYS)})`;
      return orm
        .update(table)
        .set({
          ...counted,
          status: sql`case when ${table.status} = 'receiving' then 'expired' else ${table.status} end`,
          writer: sql`case when ${table.status} = 'receiving' then null else ${table.writer} end`,
          attempts: sql`${table.attempts} + 1`,
          dueAt: sql`${integer(now)} + ${integer(delayMs)} * ${delays}`,
          updatedAt: now,
        })
        .where(sql`${table.id} in ${due}`)
        .returning();
    },

    /** Notes that nothing is kept of an upload that was not finished. */
    discard(ownerId: string, { id, dueAt }: Pick<Upload, 'id' | 'dueAt'>): Statement[] {
      const nothing = { status: 'expired' as const, partsId: null, restId: null, attempts: 0, dueAt };
      return [
        orm
          .update(table)
          .set({ ...counted, ...nothing })
          .where(own(ownerId, id)),
        removeParts(ownerId, id),
      ];
    },

    remove: (ownerId: string, id: string): Statement => rows.remove(ownerId, [id]),

    /** Those that the archive holds bytes of which are no document's yet. */
    withParts: (ownerId: string): Promise<Upload[]> =>
      orm
        .select()
        .from(table)
        .where(and(eq(table.ownerId, ownerId), isNotNull(table.partsId))),
  };
}

export type UploadsRepository = ReturnType<typeof createUploadsRepository>;

/** The document is there: another attempt has made it. */
export class CompletedBeforeError extends Error {
  override readonly name = 'CompletedBeforeError';
}
