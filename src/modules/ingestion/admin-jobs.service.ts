import type { Database, Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { JobQueue } from '../../platform/queue/job-queue.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import { createAdminJobsRepository, type JobFilter } from './admin-jobs.repository.ts';
import { jobNotRetryable } from './ingestion.errors.ts';
import type { Job } from './ingestion.table.ts';

type Deps = {
  database: Database;
  clock: Clock;
  queue: JobQueue;
  audit: AuditService;
  requireAdmin: (actor: Actor) => Statement[];
};

export type ListAllJobs = JobFilter & Omit<PageRequest, 'sort'> & { sort: 'createdAt' };
export type RetryJobs = Omit<JobFilter, 'status'> & { limit: number };

/** What administrators see of everybody's jobs, and which failed ones they start again. */
export function createAdminJobsService({ database, clock, queue, audit, requireAdmin }: Deps) {
  const repository = createAdminJobsRepository(database);

  return {
    list: ({ limit, cursor, sort, order, ...filter }: ListAllJobs) =>
      repository.list(filter, { limit, cursor, sort, order }),

    async retry(actor: Actor, id: string): Promise<Job> {
      const now = clock.now();
      const statements = [
        ...requireAdmin(actor),
        repository.requireJob(id),
        repository.reopen(id, now),
        repository.restart(id, now),
        requireChange(database, jobNotRetryable),
      ];
      const [job] = await database.commitAndRead(statements, repository.select(id));
      if (!job) throw notFound('job');
      await queue.wake([id]);
      return job;
    },

    /** Starts the oldest failed jobs again that match. @returns how many, and whether there may be more. */
    async retryMany(actor: Actor, { limit, ...filter }: RetryJobs): Promise<{ retried: number; hasMore: boolean }> {
      const many = { limit, now: clock.now() };
      const [, restarted] = await database.commit([
        repository.reopenMany(filter, many),
        repository.restartMany(filter, many),
        audit.countingChanges('jobs'),
        ...requireAdmin(actor),
      ]);
      if (restarted.length > 0) audit.settled();
      await queue.wake(restarted.map(({ id }) => id));
      return { retried: restarted.length, hasMore: restarted.length === limit };
    },
  };
}

export type AdminJobsService = ReturnType<typeof createAdminJobsService>;
