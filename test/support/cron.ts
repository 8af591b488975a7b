import { createExecutionContext, createScheduledController, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import worker from '../../src/index.ts';

/** One tick of the clock's trigger, and what it leaves behind. */
export async function tick(bindings = env): Promise<void> {
  const context = createExecutionContext();
  await worker.scheduled(createScheduledController({ cron: '* * * * *' }), bindings, context);
  await waitOnExecutionContext(context);
}
