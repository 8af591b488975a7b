import { z } from 'zod';

/** What the queue may carry: which job to look at, or which erasure of an account. Anything else is a dead letter. */
export const wakeUpSchema = z.union([z.object({ jobId: z.uuid() }), z.object({ erasureId: z.uuid() })]);

export type WakeUp = z.output<typeof wakeUpSchema>;
