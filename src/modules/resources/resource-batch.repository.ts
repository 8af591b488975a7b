import { and, eq, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository, type NewRow } from '../../db/repository.ts';
import { inJson, integer } from '../../db/sql.ts';
import { hasNothingYet } from './resources.repository.ts';
import { type Resource, resources } from './resources.table.ts';

/** Rows of `resources`, many at a time. */
export function createResourceBatchRepository(database: Database) {
  const { orm } = database;
  const rows = createRepository(database, resources);

  return {
    /** The owner's resources at these addresses. */
    atUrls: (ownerId: string, urls: string[]): Promise<Pick<Resource, 'id' | 'url'>[]> =>
      orm
        .select({ id: resources.id, url: resources.url })
        .from(resources)
        .where(and(eq(resources.ownerId, ownerId), inJson(resources.url, urls))),

    insertAll: (many: NewRow<typeof resources>[]): Statement => rows.insertMany(many),

    /** Wants resources now: entries of feeds are counted as accepted, and what has nothing yet is on its way again. */
    want: (ownerId: string, { ids, now }: { ids: string[]; now: number }): Statement[] => {
      const waiting = sql`select entry.feed_id, count(*) as total from json_each(${JSON.stringify(ids)}) as wanted
        cross join resources as entry on entry.id = wanted.value and +entry.owner_id = ${ownerId}
        where entry.feed_id is not null and entry.status in ('discovered', 'dismissed') group by entry.feed_id`;
      return [
        orm.run(sql`update resources set accepted_count = accepted_count + counted.total, version = version + 1,
          updated_at = ${integer(now)} from (${waiting}) as counted where resources.id = counted.feed_id`),
        orm
          .update(resources)
          .set({
            status: sql`case when ${hasNothingYet} then 'pending' else ${resources.status} end`,
            errorCode: null,
            errorMessage: null,
            isAskedFor: true,
            version: sql`${resources.version} + 1`,
            updatedAt: now,
          })
          .where(and(inJson(resources.id, ids), sql`+${resources.ownerId} = ${ownerId}`)),
      ];
    },

    /** What was to be fetched by the cancelled items of a batch, and by nothing else, has not been. */
    markUnfetched: (
      ownerId: string,
      { batchId, failure, now }: { batchId: string; failure: { code: string; message: string }; now: number },
    ): Statement =>
      orm
        .update(resources)
        .set({
          status: 'failed',
          errorCode: failure.code,
          errorMessage: failure.message,
          busyUntil: null,
          version: sql`${resources.version} + 1`,
          updatedAt: now,
        })
        .where(
          and(
            sql`${resources.id} in (select item.subject_id from processing_jobs as item
              where item.parent_id = ${batchId} and item.status = 'cancelled' and item.error_code = ${failure.code}
              and not exists (select 1 from processing_jobs as other where other.owner_id = item.owner_id
                and other.subject_id = item.subject_id and other.due_at is not null))`,
            sql`+${resources.ownerId} = ${ownerId}`,
            eq(resources.status, 'pending'),
          ),
        ),
  };
}
