import type { DeadLetterReason } from '../modules/ingestion/dead-letters.service.ts';
import { createJobRunner } from '../modules/ingestion/job-runner.ts';
import { type WakeUp, wakeUpSchema } from '../platform/queue/wake-up.ts';
import { createServices, type Runtime } from '../services.ts';

/** The longest delay that a queue message may have. */
const MAX_DELAY_SECONDS = 12 * 60 * 60;

/** Jobs of others whose turn is before that of the job that a message names, and the time that they may take. */
const MAX_TURNS = 16;
const TURNS_MS = 20_000;

/** The queue of messages that were given to a worker again and again, and never acknowledged. */
const DEAD = /-dead$/;

type QueueEvent = { batch: MessageBatch<unknown>; context: ExecutionContext };

/**
 * The queue door: runs jobs, one after the other, until that which the message names has had its turn. Every message is
 * acknowledged, also when its job failed: the row knows when to try again, and the sweep wakes what nobody did.
 */
export async function consumeBatch(runtime: Runtime, { batch, context }: QueueEvent): Promise<void> {
  for (const message of batch.messages) {
    const parsed = wakeUpSchema.safeParse(message.body);
    if (DEAD.test(batch.queue)) await bury(runtime, { message, reason: 'undelivered', context });
    else if (parsed.success) await answer(runtime, { wakeUp: parsed.data, context });
    else await bury(runtime, { message, reason: 'unreadable', context });
    message.ack();
  }
}

const answer = (runtime: Runtime, { wakeUp, context }: { wakeUp: WakeUp; context: ExecutionContext }) =>
  'jobId' in wakeUp ? runJobs(runtime, { ...wakeUp, context }) : runErasure(runtime, { ...wakeUp, context });

type Woken = { jobId: string; context: ExecutionContext };

/** A message stands for the work on one job; those whose turn is before it go first. */
async function runJobs(runtime: Runtime, { jobId, context }: Woken): Promise<void> {
  const until = runtime.clock.now() + TURNS_MS;
  for (let turn = 1; turn <= MAX_TURNS && runtime.clock.now() <= until; turn++) {
    const ranId = await runJob(runtime, { jobId, context });
    if (ranId === undefined || ranId === jobId) return;
  }
  await runtime.queue.wake([jobId]);
}

/** @returns the job that ran: this one, or another whose turn it was. */
async function runJob(runtime: Runtime, { jobId, context }: Woken): Promise<string | undefined> {
  const start = performance.now();
  const open = async (requestId: string) => {
    const services = createServices(runtime, { requestId, waitUntil: (work) => context.waitUntil(work) });
    await services.settings.ready();
    const { database, handlers } = services;
    const config = runtime.settingsCache.config();
    return { meter: services.meter, runner: createJobRunner({ ...runtime, config, database, handlers }) };
  };
  try {
    const asked = await open(jobId);
    const claim = await asked.runner.claim(jobId);
    if (!claim) return undefined;
    const { job } = claim;
    const { runner, meter } = job.id === jobId ? asked : await open(job.id);
    const { retryDelayMs, made = [], next, outcome } = await runner.work(claim);
    if (made.length > 0) await runtime.queue.wake(made);
    if (retryDelayMs !== undefined) await runtime.queue.wake([job.id], { delaySeconds: inSeconds(retryDelayMs) });
    if (next !== undefined) await runtime.queue.wake([next]);
    runtime.logger.info('job', {
      jobId: job.id,
      type: job.type,
      userId: job.ownerId,
      attempt: job.attempts,
      outcome,
      durationMs: Math.round(performance.now() - start),
      roundTrips: meter.roundTrips + (meter === asked.meter ? 0 : asked.meter.roundTrips),
      rowsWritten: meter.rowsWritten,
    });
    return job.id;
  } catch (error) {
    // The database itself failed: the lease runs out and the sweep brings the job back.
    runtime.logger.error('job.lost', error, { jobId });
    return undefined;
  }
}

type Burial = { message: Message<unknown>; reason: DeadLetterReason; context: ExecutionContext };

/** Keeps a message that came to nothing for administrators. What it was to wake is not lost: the sweep finds the row. */
async function bury(runtime: Runtime, { message, reason, context }: Burial): Promise<void> {
  const { id: messageId, body, attempts } = message;
  runtime.logger.warn('queue.dead_letter', { messageId, reason, attempts });
  const { deadLetters } = createServices(runtime, {
    requestId: runtime.ids.next(),
    waitUntil: (work) => context.waitUntil(work),
  });
  try {
    await deadLetters.keep({ messageId, reason, body, attempts });
  } catch (error) {
    runtime.logger.error('queue.dead_letter_lost', error, { messageId });
  }
}

async function runErasure(
  runtime: Runtime,
  { erasureId, context }: { erasureId: string; context: ExecutionContext },
): Promise<void> {
  const start = performance.now();
  const { erasureRunner, meter } = createServices(runtime, {
    requestId: erasureId,
    waitUntil: (work) => context.waitUntil(work),
  });
  try {
    const { retryDelayMs, ...report } = await erasureRunner.run(erasureId);
    if (retryDelayMs !== undefined) {
      await runtime.queue.wakeErasures([erasureId], { delaySeconds: inSeconds(retryDelayMs) });
    }
    // Whose erasure it is stands nowhere, and not here either.
    runtime.logger.info('erasure', {
      erasureId,
      ...report,
      durationMs: Math.round(performance.now() - start),
      roundTrips: meter.roundTrips,
      rowsWritten: meter.rowsWritten,
    });
  } catch (error) {
    // As for jobs.
    runtime.logger.error('erasure.lost', error, { erasureId });
  }
}

const inSeconds = (delayMs: number) => Math.min(MAX_DELAY_SECONDS, Math.ceil(delayMs / 1000));
