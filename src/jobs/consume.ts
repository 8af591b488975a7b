import { createJobRunner } from '../modules/ingestion/job-runner.ts';
import type { WakeUp } from '../platform/queue/job-queue.ts';
import { createServices, type Runtime } from '../services.ts';
import { wakeUpSchema } from './messages.ts';

/** The longest delay that a queue message may have. */
const MAX_DELAY_SECONDS = 12 * 60 * 60;

type QueueEvent = { batch: MessageBatch<unknown>; context: ExecutionContext };

/**
 * The queue door: runs the job that each message names, one after the other. Every message is acknowledged, also when
 * its job failed: the row knows when to try again, and the sweep wakes what nobody did.
 */
export async function consumeBatch(runtime: Runtime, { batch, context }: QueueEvent): Promise<void> {
  for (const message of batch.messages) {
    const parsed = wakeUpSchema.safeParse(message.body);
    if (parsed.success) await answer(runtime, { wakeUp: parsed.data, context });
    else runtime.logger.warn('queue.unknown_message', { messageId: message.id });
    message.ack();
  }
}

const answer = (runtime: Runtime, { wakeUp, context }: { wakeUp: WakeUp; context: ExecutionContext }) =>
  'jobId' in wakeUp ? runJob(runtime, { ...wakeUp, context }) : runErasure(runtime, { ...wakeUp, context });

async function runJob(runtime: Runtime, { jobId, context }: { jobId: string; context: ExecutionContext }) {
  const start = performance.now();
  const services = createServices(runtime, {
    requestId: jobId,
    waitUntil: (work) => context.waitUntil(work),
  });
  await services.settings.ready();
  const runner = createJobRunner({ ...runtime, database: services.database, handlers: services.handlers });
  try {
    const report = await runner.run(jobId);
    if (report.made && report.made.length > 0) await runtime.queue.wake(report.made);
    if (report.retryDelayMs !== undefined) {
      await runtime.queue.wake([jobId], { delaySeconds: inSeconds(report.retryDelayMs) });
    }
    runtime.logger.info('job', {
      jobId,
      type: report.job?.type,
      userId: report.job?.ownerId,
      attempt: report.job?.attempts,
      outcome: report.outcome,
      durationMs: Math.round(performance.now() - start),
      roundTrips: services.meter.roundTrips,
      rowsWritten: services.meter.rowsWritten,
    });
  } catch (error) {
    // The database itself failed: the lease runs out and the sweep brings the job back.
    runtime.logger.error('job.lost', error, { jobId });
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
