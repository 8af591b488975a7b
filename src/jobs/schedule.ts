import { createJobRunner } from '../modules/ingestion/job-runner.ts';
import { createServices, type Runtime } from '../services.ts';

/** A job may be due this long before the sweep takes its wake-up for lost. */
const WAKE_GRACE_MS = 5_000;

type CronEvent = { event: ScheduledController; context: ExecutionContext };

/** The cron door: wakes jobs whose message, or whose worker, was lost. */
export async function runSchedule(runtime: Runtime, { event, context }: CronEvent): Promise<void> {
  const services = createServices(runtime, {
    requestId: runtime.ids.next(),
    waitUntil: (work) => context.waitUntil(work),
  });
  const runner = createJobRunner({ ...runtime, database: services.database, handlers: services.handlers });
  const lost = await runner.lost(WAKE_GRACE_MS);
  if (lost.length > 0) await runtime.queue.wake(lost);
  runtime.logger.info('sweep', { cron: event.cron, woken: lost.length, roundTrips: services.meter.roundTrips });
}
