import type { Clock } from '../../platform/clock.ts';
import type { JobStatus } from './ingestion.table.ts';
import { hasEnded } from './job-lifecycle.ts';

const SECOND_MS = 1000;

/** Then a followed job's stream ends, and the client comes back with Last-Event-ID. */
const FOLLOW_MS = 5 * 60 * SECOND_MS;

/** Comment lines keep proxies from closing a quiet stream. */
const HEARTBEAT_MS = 15 * SECOND_MS;

/** After this time a client comes back whose stream has ended. */
export const RECONNECT_MS = 1 * SECOND_MS;

/**
 * How long to wait before a job is looked at again that has been followed for this time. Most jobs end within seconds;
 * of the others news may be some seconds old. One stream takes less than 200 looks, each one round trip.
 */
function lookAgainMs(followedMs: number): number {
  if (followedMs < 10 * SECOND_MS) return SECOND_MS / 2;
  return followedMs < 60 * SECOND_MS ? SECOND_MS : 2 * SECOND_MS;
}

/** The version of the job that a client saw last: what Last-Event-ID says; 0 for what no stream of ours gave. */
export function versionSeen(lastEventId: string | undefined): number {
  return /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
}

type Followed = {
  status: JobStatus;
  version: number;
  /** Of a batch, whose row stays as it is while its items end. */
  items?: { ended: number };
};

type Following<J> = {
  /** What the follower has seen already; 0: nothing. */
  seenVersion: number;
  isGone: () => boolean;
  /** The job as it is now. */
  look: () => Promise<J>;
  clock: Clock;
};

/** A job's states as they change, until it has ended, the follower is gone, or had its time and should come back. */
export async function* followJob<J extends Followed>(
  first: J,
  { seenVersion, isGone, look, clock }: Following<J>,
): AsyncGenerator<{ type: 'progress' | 'end' | 'heartbeat'; job: J }> {
  const start = clock.now();
  let seen = seenVersion;
  let seenItems: number | undefined;
  let quietSince = start;
  for (let job = first; !isGone(); job = await look()) {
    if (hasEnded(job.status)) {
      yield { type: 'end', job };
      return;
    }
    if (job.version > seen || job.items?.ended !== seenItems) {
      seen = job.version;
      seenItems = job.items?.ended;
      quietSince = clock.now();
      yield { type: 'progress', job };
    } else if (clock.now() - quietSince >= HEARTBEAT_MS) {
      quietSince = clock.now();
      yield { type: 'heartbeat', job };
    }
    const followedMs = clock.now() - start;
    if (followedMs >= FOLLOW_MS) return;
    await clock.sleep(lookAgainMs(followedMs));
  }
}
