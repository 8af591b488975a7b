import { randomFrom } from '../../shared/random.ts';
import type { JobQueue } from './job-queue.ts';

/** Shares of messages, 0 to 1, that the seed alone chooses. */
export type QueueFaults = {
  seed: number;
  /** Never arrive. */
  drop: number;
  /** Arrive twice. */
  duplicate: number;
  /** Arrive up to some seconds late, behind others that were sent after them. */
  reorder: number;
};

const MAX_LATE_SECONDS = 3;

type Send = (ids: string[], options?: { delaySeconds?: number }) => Promise<void>;

/** For tests: a queue that does to messages all that a queue may do to them. */
export function createFaultyQueue(queue: JobQueue, { seed, drop, duplicate, reorder }: QueueFaults): JobQueue {
  const random = randomFrom(seed);
  const happens = (share: number) => random() < share;

  /** By how many seconds each copy of a message that arrives is late. */
  const copiesOf = (): number[] => {
    if (happens(drop)) return [];
    const copies = happens(duplicate) ? [1, 2] : [1];
    return copies.map(() => (happens(reorder) ? 1 + Math.floor(random() * MAX_LATE_SECONDS) : 0));
  };

  const spoil = (send: Send): Send => {
    return async (ids, { delaySeconds = 0 } = {}) => {
      const copies = ids.flatMap((id) => copiesOf().map((late) => ({ id, late })));
      for (const [late, group] of Map.groupBy(copies, (copy) => copy.late)) {
        const delay = delaySeconds + late;
        const arriving = group.map(({ id }) => id);
        await send(arriving, delay > 0 ? { delaySeconds: delay } : {});
      }
    };
  };

  return {
    wake: spoil((ids, options) => queue.wake(ids, options)),
    wakeErasures: spoil((ids, options) => queue.wakeErasures(ids, options)),
  };
}
