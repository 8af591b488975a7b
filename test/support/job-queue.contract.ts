import { expect, it } from 'vitest';
import type { JobQueue } from '../../src/platform/queue/job-queue.ts';

export type QueueUnderTest = {
  queue: JobQueue;
  /** Messages that it has sent, in order, with their delays in seconds. */
  sent(): { body: unknown; delaySeconds: number }[];
  /** Lets the next sending fail. */
  fail(): void;
};

/** What every adapter of the queue port must do. */
export function describeJobQueue(create: () => QueueUnderTest): void {
  const ids = Array.from({ length: 250 }, () => crypto.randomUUID());

  it('sends one message for each job, and for each erasure', async () => {
    const under = create();
    await under.queue.wake(ids);
    await under.queue.wakeErasures(['an-erasure']);
    expect(under.sent().map(({ body }) => body)).toEqual([
      ...ids.map((jobId) => ({ jobId })),
      { erasureId: 'an-erasure' },
    ]);
  });

  it('sends them late if asked to', async () => {
    const under = create();
    await under.queue.wake(['a-job'], { delaySeconds: 30 });
    expect(under.sent()).toEqual([{ body: { jobId: 'a-job' }, delaySeconds: 30 }]);
  });

  it('never throws: the sweep finds what nobody woke', async () => {
    const under = create();
    under.fail();
    await under.queue.wake(['lost']);
    await under.queue.wake(['sent']);
    await under.queue.wake([]);
    expect(under.sent().map(({ body }) => body)).toEqual([{ jobId: 'sent' }]);
  });
}
