import type { Logger } from '../logger.ts';
import type { JobQueue } from './job-queue.ts';
import type { WakeUp } from './wake-up.ts';

const MAX_MESSAGES_PER_SEND = 100;

/** Wakes jobs through a Cloudflare queue. A failed send is logged and left to the sweep. */
export function createCloudflareQueue(queue: Queue<WakeUp>, { logger }: { logger: Logger }): JobQueue {
  const send = async (bodies: WakeUp[], { delaySeconds = 0 }: { delaySeconds?: number } = {}): Promise<void> => {
    for (let start = 0; start < bodies.length; start += MAX_MESSAGES_PER_SEND) {
      const messages = bodies.slice(start, start + MAX_MESSAGES_PER_SEND).map((body) => ({ body }));
      try {
        await queue.sendBatch(messages, { delaySeconds });
      } catch (error) {
        logger.error('queue.send_failed', error, { messages: messages.length });
      }
    }
  };

  return {
    wake: (jobIds, options) =>
      send(
        jobIds.map((jobId) => ({ jobId })),
        options,
      ),
    wakeErasures: (erasureIds, options) =>
      send(
        erasureIds.map((erasureId) => ({ erasureId })),
        options,
      ),
  };
}
