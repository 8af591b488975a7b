import { z } from 'zod';
import type { WakeUp } from '../platform/queue/job-queue.ts';

/** What the queue may carry; anything else is dropped with a warning. */
export const wakeUpSchema: z.ZodType<WakeUp> = z.union([
  z.object({ jobId: z.uuid() }),
  z.object({ erasureId: z.uuid() }),
]);
