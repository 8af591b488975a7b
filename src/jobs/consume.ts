import { createJobRunner } from '../modules/ingestion/job-runner.ts';
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
    if (parsed.success) await runJob(runtime, { jobId: parsed.data.jobId, context });
    else runtime.logger.warn('queue.unknown_message', { messageId: message.id });
    message.ack();
  }
}

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
    if (report.retryDelayMs !== undefined) {
      const delaySeconds = Math.min(MAX_DELAY_SECONDS, Math.ceil(report.retryDelayMs / 1000));
      await runtime.queue.wake([jobId], { delaySeconds });
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
