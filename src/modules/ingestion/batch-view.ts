import type { StatusCount } from './batches.repository.ts';
import type { Job } from './ingestion.table.ts';

/** The items of a batch by what has become of them. */
export type ItemCounts = { total: number; ended: number; running: number; succeeded: number; failed: number };

/** A job as people see it: a batch with what its items are at. */
export type JobView = Job & { items?: ItemCounts; secondsRemaining?: number | null };

/** The counts of one parent. */
export function itemCounts(parentId: string, counts: StatusCount[]): ItemCounts {
  const own = counts.filter((count) => count.parentId === parentId);
  const of = (...statuses: string[]) =>
    own.filter(({ status }) => statuses.includes(status)).reduce((sum, { total }) => sum + total, 0);
  return {
    total: own.reduce((sum, { total }) => sum + total, 0),
    ended: of('succeeded', 'failed', 'cancelled'),
    running: of('running'),
    succeeded: of('succeeded'),
    failed: of('failed'),
  };
}

/** Adds to a batch what its items are at; other jobs stay as they are. */
export function viewOf(job: Job, { counts, now }: { counts: StatusCount[]; now: number }): JobView {
  if (job.type !== 'batch') return job;
  const items = itemCounts(job.id, counts);
  const { endedBefore } = job.checkpoint;
  const ended = items.ended - (typeof endedBefore === 'number' ? endedBefore : 0);
  const view = {
    ...job,
    items,
    secondsRemaining: secondsRemaining(job, { ended, left: items.total - items.ended, now }),
  };
  if (job.dueAt === null) return view;
  // A look at an open batch that finds it unfinished is no news to anybody.
  const status = items.ended + items.running > 0 ? 'running' : 'queued';
  return { ...view, status, errorCode: null, errorMessage: null };
}

/** How long the rest takes at the pace so far; null when there is no rest, or none has ended by which to tell. */
function secondsRemaining(job: Job, { ended, left, now }: { ended: number; left: number; now: number }): number | null {
  if (job.dueAt === null || left === 0 || ended <= 0) return null;
  const elapsedMs = Math.max(1, now - (job.startedAt ?? job.createdAt));
  return Math.ceil((left * elapsedMs) / ended / 1000);
}
