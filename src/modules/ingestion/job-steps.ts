import { z } from 'zod';
import type { JobStatus } from './ingestion.table.ts';

/** A step of a job that has begun: times in milliseconds since the epoch. */
export const jobStepSchema = z.object({
  name: z.string(),
  startedAt: z.number().int(),
  /** Null while it goes on, or waits for another attempt to go on with it. */
  finishedAt: z.number().int().nullable(),
  /** Time worked on it, by all attempts that got to say so. */
  durationMs: z.number().int(),
  processedItems: z.number().int(),
  totalItems: z.number().int(),
});

export type JobStep = z.output<typeof jobStepSchema>;

/** What an attempt says of the step that it is at. A name that is not the present one's begins another step. */
export type StepNote = {
  name?: string | undefined;
  totalItems?: number | undefined;
  processedItems?: number | undefined;
};

/** The steps that jobs of a type go through; of other types, those that they have begun are known. */
const PLANS: Record<string, readonly string[]> = { process_document: ['read', 'embed', 'index'] };

const planOf = (type: string): readonly string[] => PLANS[type] ?? [];

export const STEP_STATUSES = ['pending', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'] as const;

/** A step as people see it, begun or not. */
export type StepView = Pick<JobStep, 'name' | 'processedItems' | 'totalItems'> & {
  status: (typeof STEP_STATUSES)[number];
  startedAt: number | null;
  finishedAt: number | null;
  durationMs: number | null;
};

type SteppingJob = { type: string; steps: JobStep[]; status: JobStatus; startedAt: number | null };

/** The steps that the job has gone through, and those that are to come. */
export function stepsOf({ type, steps, status, startedAt }: SteppingJob): StepView[] {
  const begun = steps.map((step): StepView => {
    return { ...step, status: step.finishedAt === null ? statusOf(status) : 'succeeded' };
  });
  // Jobs of earlier versions have ended without a word of their steps.
  if (begun.length === 0 && status === 'succeeded') return [];
  const toCome = planOf(type).filter((name) => !steps.some((step) => step.name === name));
  const [first] = toCome;
  return [
    ...begun,
    ...toCome.map((name): StepView => {
      const isFirst = begun.length === 0 && name === first && status === 'running';
      const begins = isFirst
        ? { status: 'running' as const, startedAt }
        : { status: 'pending' as const, startedAt: null };
      return { name, ...begins, finishedAt: null, durationMs: null, processedItems: 0, totalItems: 0 };
    }),
  ];
}

/** Of the step that a job is at. */
const statusOf = (status: JobStatus): StepView['status'] => (status === 'queued' ? 'waiting' : status);

export type StepClock = {
  /** Takes in what the attempt says. */
  note(note: StepNote, now: number): void;
  /** The steps as they are. */
  steps(): JobStep[];
  /** The steps at the end of the attempt: with the last one done, or interrupted. */
  end(now: number, isDone: boolean): JobStep[];
};

/** Follows one attempt through the steps of its job, on from where the one before it was stopped. */
export function createStepClock(job: { type: string; steps: JobStep[] }, startedAt: number): StepClock {
  let steps = job.steps;
  let since = startedAt;

  const present = () => {
    const last = steps.at(-1);
    return last?.finishedAt === null ? last : undefined;
  };
  const change = (changes: Partial<JobStep>) => {
    const step = present();
    if (step) steps = [...steps.slice(0, -1), { ...step, ...changes }];
  };
  /** Counts what was worked since the last time. */
  const stop = (now: number) => {
    change({ durationMs: (present()?.durationMs ?? 0) + Math.max(0, now - since) });
    since = now;
  };
  const finish = (now: number) => {
    stop(now);
    change({ finishedAt: now, processedItems: present()?.totalItems ?? 0 });
  };
  const begin = (name: string, now: number) => {
    finish(now);
    // What is done once more is forgotten, and what followed from it.
    const before = steps.findIndex((step) => step.name === name);
    const kept = before < 0 ? steps : steps.slice(0, before);
    steps = [...kept, { name, startedAt: now, finishedAt: null, durationMs: 0, processedItems: 0, totalItems: 0 }];
  };

  const [first] = planOf(job.type);
  if (first !== undefined && steps.length === 0) begin(first, startedAt);

  return {
    note({ name, totalItems, processedItems }, now) {
      if (name !== undefined && name !== present()?.name) begin(name, now);
      change({
        ...(totalItems !== undefined && { totalItems }),
        ...(processedItems !== undefined && { processedItems }),
      });
    },
    steps: () => steps,
    end(now, isDone) {
      if (isDone) finish(now);
      else stop(now);
      return steps;
    },
  };
}
