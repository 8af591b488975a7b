import { createJobRunner } from '../modules/ingestion/job-runner.ts';
import { createServices, type Runtime, type Services } from '../services.ts';

/** An owner's jobs may wait this long before the sweep takes their wake-ups for lost. */
const WAKE_GRACE_MS = 5_000;

/** What is looked through at every tick, by name. Each says how many rows it has dealt with. */
const SWEEPS: Record<string, (services: Services) => Promise<number>> = {
  unsentMails: ({ verifications }) => verifications.resendUnsent(),
  expiredTokens: ({ verifications }) => verifications.removeExpired(),
  expiredTickets: ({ tickets }) => tickets.removeExpired(),
  expiredSignIns: ({ oauth }) => oauth.removeExpired(),
  sealedEntries: ({ chain }) => chain.seal(),
  oldLimitNotes: ({ limits }) => limits.removeOld(),
  awaitedModels: ({ analyses }) => analyses.resume(),
  expiredTrash: ({ trash }) => trash.purge(),
  dueResources: ({ resources }) => resources.checkDue(),
  lostErasures: ({ erasures }) => erasures.wakeLost(),
  expiredReceipts: ({ erasures }) => erasures.removeExpired(),
  oldDeadLetters: ({ deadLetters }) => deadLetters.removeOld(),
  usernames: ({ usernameSweep }) => usernameSweep.run(),
  uploads: ({ uploads }) => uploads.sweep(),
  unsentAttributes: ({ documents }) => documents.sendUnsentAttributes(),
  oldQueries: ({ queries }) => queries.history.removeOld(),
};

type CronEvent = { event: ScheduledController; context: ExecutionContext };

/** The cron door: wakes jobs whose message, or whose worker, was lost, and sweeps. */
export async function runSchedule(runtime: Runtime, { event, context }: CronEvent): Promise<void> {
  const services = createServices(runtime, {
    requestId: runtime.ids.next(),
    waitUntil: (work) => context.waitUntil(work),
  });
  await services.settings.ready();
  const config = runtime.settingsCache.config();
  const runner = createJobRunner({ ...runtime, config, database: services.database, handlers: services.handlers });
  const lost = await runner.recover(WAKE_GRACE_MS);
  if (lost.length > 0) await runtime.queue.wake(lost);
  await services.idempotency.sweep();
  // One sweep that fails keeps no other from its work.
  const count = async (name: string, work: Promise<number>) =>
    [name, await work.catch((error: unknown) => runtime.logger.error('sweep.failed', error, { sweep: name }))] as const;
  const swept = await Promise.all(Object.entries(SWEEPS).map(([name, sweep]) => count(name, sweep(services))));
  runtime.logger.info('sweep', {
    cron: event.cron,
    woken: lost.length,
    ...Object.fromEntries(swept),
    roundTrips: services.meter.roundTrips,
  });
}
