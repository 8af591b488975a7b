import type { Logger } from '../logger.ts';
import type { JobQueue, WakeUp } from './job-queue.ts';

const MAX_MESSAGES_PER_SEND = 100;

/** Wakes jobs through a Cloudflare queue. A failed send is logged and left to the sweep. */
export function createCloudflareQueue(queue: Queue<WakeUp>, { logger }: { logger: Logger }): JobQueue {
  return {
    async wake(jobIds, { delaySeconds = 0 } = {}) {
      for (let start = 0; start < jobIds.length; start += MAX_MESSAGES_PER_SEND) {
        const messages = jobIds.slice(start, start + MAX_MESSAGES_PER_SEND).map((jobId) => ({ body: { jobId } }));
        try {
          await queue.sendBatch(messages, { delaySeconds });
        } catch (error) {
          logger.error('queue.send_failed', error, { messages: messages.length });
        }
      }
    },
  };
}
