import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import worker from '../../src/index.ts';
import { unrecorded } from './statement-recorder.ts';

/** Lets the given time pass for everybody; timers stay real. */
export function pass(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
}

/** Lets every wake-up get lost on its way, so that the test says when something runs. */
export const loseWakeUps = () => vi.spyOn(env.JOBS, 'sendBatch').mockResolvedValue(undefined as never);

/** Removes jobs that earlier stories have left open: whoever runs one runs others first whose turn is before it. */
export const forgetOpenJobs = () =>
  unrecorded(env.DB).prepare('delete from processing_jobs where due_at is not null').run();

/** Hands one message to the queue's consumer. */
export async function deliver(body: unknown, bindings = env) {
  const batch = createMessageBatch('commonplace-jobs', [
    { id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body },
  ]);
  const context = createExecutionContext();
  await worker.queue(batch, bindings, context);
  return getQueueResult(batch, context);
}
