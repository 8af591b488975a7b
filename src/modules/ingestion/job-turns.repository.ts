import { type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { integer } from '../../db/sql.ts';
import { type Job, processingJobs } from './ingestion.table.ts';
import { jobTurns } from './job-turns.table.ts';

/** How many jobs may run at once: of one owner, and in all. */
export type Places = { perOwner: number; inAll: number };

type Moment = { now: number; places: Places };

/** Turns that fall in the same millisecond are put one after the other: that far into the future. */
const TIES_MS = 1000;

/** Of one sweep: some hundred milliseconds at most, in which nobody else can write. */
const MAX_RELEASED = 500;
const MAX_MARKED = 1000;

/**
 * Whose turn it is. Of the owners who wait, the one with the fewest running jobs, and of those the one who has waited
 * longest since their last turn; of an owner's jobs, the one that has been due longest. Literals stand where SQLite must
 * see that a partial index will do.
 */
export function createJobTurnsRepository(database: Database) {
  const { orm } = database;
  const table = processingJobs;

  const levels = ({ perOwner }: Places) => JSON.stringify(Array.from({ length: perOwner }, (_, running) => running));

  /** The owner whose turn it is; null when nobody waits who may run another job. One seek for each number of jobs. */
  const nextOwner = ({ now, places }: Moment): SQL => sql`(select owner_id from (
      select (select owner_id from job_turns where running = level.value and turn_at <= ${now + TIES_MS}
        and +due_at <= ${now} order by turn_at limit 1) as owner_id
      from json_each(${levels(places)}) as level
    ) where owner_id is not null limit 1)`;

  const hasPlace = ({ now, places }: Moment): SQL => sql`(select count(*) from (
      select 1 from processing_jobs where status = 'running' and due_at > ${now} and lease_token is not null
      limit ${places.inAll}
    )) < ${integer(places.inAll)}`;

  /** The id of the job whose turn it is: the preferred one, if it is its owner's turn. */
  const nextId = (moment: Moment, preferred: string | null): SQL => sql`(select coalesce(
      (select id from processing_jobs where id = ${preferred} and +owner_id = turn.owner_id
        and +status = 'queued' and +due_at <= ${moment.now}),
      (select id from processing_jobs where owner_id = turn.owner_id and status = 'queued' and due_at <= ${moment.now}
        order by due_at limit 1)
    ) from (select ${nextOwner(moment)} as owner_id) as turn where ${hasPlace(moment)})`;

  return {
    /**
     * Takes the job whose turn it is, for one attempt, if the wanted one waits. That it was cancelled meanwhile is no
     * reason to leave the place empty. A job that lost its worker goes on in the place that it still has. If there is no
     * place for the wanted job, its owner is noted as one whose jobs need waking.
     */
    claim(wanted: string, { leaseToken, leaseMs, ...moment }: Moment & { leaseToken: string; leaseMs: number }) {
      const { now } = moment;
      const abandoned = sql`(select id from processing_jobs where id = ${wanted} and +status = 'running' and +due_at <= ${now})`;
      const waits = sql`exists (select 1 from processing_jobs where id = ${wanted}
        and (+status = 'cancelled' or (+status = 'queued' and +due_at <= ${now})))`;
      const claimed: Statement<Job[]> = orm
        .update(table)
        .set({
          version: sql`${table.version} + 1`,
          status: 'running',
          leaseToken,
          dueAt: now + leaseMs,
          attempts: sql`${table.attempts} + 1`,
          startedAt: sql`coalesce(${table.startedAt}, ${integer(now)})`,
          updatedAt: now,
        })
        .where(sql`${table.id} = coalesce(${abandoned}, iif(${waits}, ${nextId(moment, wanted)}, null))`)
        .returning();
      const turnedAway: Statement = orm.run(sql`update ${jobTurns} set needs_waking = 1
        where changes() = 0 and needs_waking = 0 and owner_id = (
          select owner_id from processing_jobs where id = ${wanted} and +status = 'queued' and +due_at <= ${now}
        )`);
      return [claimed, turnedAway] as const;
    },

    /** The job that whoever has just ended should wake, if jobs that wait have nobody else who does. */
    selectNext: (moment: Moment): Statement<{ id: string }[]> =>
      orm.all<{ id: string }>(sql`select id from (select ${nextId(moment, null)} as id) where id is not null
        and exists (select 1 from job_turns where needs_waking = 1 and due_at <= ${moment.now})`),

    /** Queues jobs again, of any owner, whose worker gave no sign of life until its lease was over; and batches in time. */
    release: (now: number): Statement<{ id: string }[]> =>
      orm
        .update(table)
        .set({ version: sql`${table.version} + 1`, status: 'queued', leaseToken: null, updatedAt: now })
        .where(
          sql`${table.id} in (select id from processing_jobs where status = 'running' and due_at <= ${now}
            order by due_at limit ${MAX_RELEASED})`,
        )
        .returning({ id: table.id }),

    /** Notes who has waited for longer than a wake-up takes: some of theirs may have been lost. */
    markOverdue: (since: number): Statement =>
      orm.run(sql`update ${jobTurns} set needs_waking = 1 where owner_id in (
        select owner_id from job_turns where turn_at between 1 and ${since} and +needs_waking = 0
        order by turn_at limit ${MAX_MARKED})`),

    /** Jobs that would fill the places, in turn: of owners whose jobs need waking. */
    selectOverdue: ({ now, places }: Moment): Statement<{ id: string }[]> =>
      orm.all<{ id: string }>(sql`select overdue.value as id
        from job_turns as turn, json_each((select json_group_array(id) from (
          select id from processing_jobs where owner_id = turn.owner_id and status = 'queued' and due_at <= ${now}
          order by due_at limit ${places.perOwner}))) as overdue
        where turn.needs_waking = 1 and turn.due_at <= ${now} order by turn.turn_at limit ${places.inAll}`),
  };
}
