import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArchive } from '../../src/modules/ingestion/archive.ts';
import { extractDocument } from '../../src/modules/ingestion/extraction/extract.ts';
import { followJob, versionSeen } from '../../src/modules/ingestion/job-following.ts';
import { LeaseLostError } from '../../src/modules/ingestion/job-lifecycle.ts';
import { createStepClock, jobStepSchema, stepsOf } from '../../src/modules/ingestion/job-steps.ts';
import { readOriginal } from '../../src/modules/ingestion/reading-step.ts';
import type { FileStore } from '../../src/platform/files/file-store.ts';
import { pdf } from './extraction.fixtures.ts';

const JOB = { type: 'process_document', steps: [] };

describe('the clock of the steps', () => {
  it('follows one attempt from step to step', () => {
    const clock = createStepClock(JOB, 100);
    clock.note({ totalItems: 12, processedItems: 5 }, 150);
    clock.note({ name: 'embed', totalItems: 3, processedItems: 0 }, 200);
    clock.note({ name: 'embed', processedItems: 1 }, 220);
    expect(clock.steps()).toEqual([
      { name: 'read', startedAt: 100, finishedAt: 200, durationMs: 100, processedItems: 12, totalItems: 12 },
      { name: 'embed', startedAt: 200, finishedAt: null, durationMs: 0, processedItems: 1, totalItems: 3 },
    ]);
    clock.note({ name: 'index' }, 230);
    expect(clock.end(240, true).map(({ name, durationMs, finishedAt }) => [name, durationMs, finishedAt])).toEqual([
      ['read', 100, 200],
      ['embed', 30, 230],
      ['index', 10, 240],
    ]);
  });

  it('goes on where the attempt before was stopped, and does not count the wait', () => {
    const first = createStepClock(JOB, 0);
    first.note({ name: 'embed' }, 10);
    const steps = first.end(25, false);
    const second = createStepClock({ ...JOB, steps }, 1_000);
    expect(second.end(1_005, true)).toMatchObject([
      { name: 'read', startedAt: 0, finishedAt: 10, durationMs: 10 },
      { name: 'embed', startedAt: 10, finishedAt: 1_005, durationMs: 20 },
    ]);
  });

  it('forgets what is done once more, and what followed from it', () => {
    const clock = createStepClock(JOB, 0);
    clock.note({ name: 'embed' }, 10);
    clock.note({ name: 'index' }, 20);
    clock.note({ name: 'read' }, 30);
    expect(clock.steps().map(({ name, startedAt }) => [name, startedAt])).toEqual([['read', 30]]);
  });

  it('knows of other jobs what they say', () => {
    const clock = createStepClock({ type: 'reconcile_library', steps: [] }, 0);
    expect(clock.end(5, false)).toEqual([]);
    clock.note({ processedItems: 3 }, 6);
    clock.note({ name: 'archive' }, 7);
    expect(clock.end(9, true)).toMatchObject([{ name: 'archive', durationMs: 2 }]);
  });

  it('ends in steps that the row takes, one open at most, whatever it is told and whenever', () => {
    const note = fc.record(
      { name: fc.constantFrom('read', 'embed', 'index', 'other'), totalItems: fc.nat(9), processedItems: fc.nat(9) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(note, fc.integer({ min: -50, max: 50 }))), fc.boolean(), (notes, isDone) => {
        let now = 1_000;
        const clock = createStepClock(JOB, now);
        for (const [told, passed] of notes) {
          now += passed;
          clock.note(told, now);
        }
        const steps = clock.end(now, isDone);
        for (const step of steps) expect(jobStepSchema.parse(step).durationMs).toBeGreaterThanOrEqual(0);
        expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length);
        expect(steps.filter(({ finishedAt }) => finishedAt === null).length).toBe(isDone ? 0 : 1);
        expect(steps.slice(0, -1).every(({ finishedAt }) => finishedAt !== null)).toBe(true);
      }),
    );
  });
});

describe('steps as people see them', () => {
  const open = { name: 'read', startedAt: 5, finishedAt: null, durationMs: 0, processedItems: 0, totalItems: 0 };
  const shown = (job: Partial<Parameters<typeof stepsOf>[0]>) =>
    stepsOf({ ...JOB, status: 'queued', startedAt: null, ...job }).map(({ status }) => status);

  it.each([
    ['queued', [], ['pending', 'pending', 'pending']],
    ['running', [], ['running', 'pending', 'pending']],
    ['running', [open], ['running', 'pending', 'pending']],
    ['queued', [open], ['waiting', 'pending', 'pending']],
    ['failed', [open], ['failed', 'pending', 'pending']],
    ['cancelled', [open], ['cancelled', 'pending', 'pending']],
    ['cancelled', [], ['pending', 'pending', 'pending']],
    ['succeeded', [], []],
  ] as const)('of a %s job with %j', (status, steps, expected) => {
    expect(shown({ status, steps: [...steps], startedAt: 5 })).toEqual(expected);
  });
});

describe('reading page by page', () => {
  const bytes = pdf(['The heron stood.', 'The egret flew.', 'The ibis slept.']);

  it('says after each page how far it is', async () => {
    const pages: [number, number][] = [];
    await extractDocument({
      bytes,
      filename: 'a.pdf',
      mediaType: '',
      onPage: async (...page) => void pages.push(page),
    });
    expect(pages).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it('stops for whoever says so, and does not blame the file for it', async () => {
    const archive = createArchive({ readBytes: async () => bytes } as unknown as FileStore);
    const canConvert = false;
    const place = { ownerId: 'o', documentId: 'd', contentId: 'c' };
    const document = { filename: 'a.pdf', mediaType: '', sizeBytes: 1, profile: 'general', profileChosenBy: 'rules' };
    const stopped = new LeaseLostError('It was cancelled.');
    const onPage = async (done: number) => {
      if (done === 2) throw stopped;
    };
    await expect(readOriginal(archive, { place, document: document as never, canConvert, onPage })).rejects.toBe(
      stopped,
    );
  });
});

describe('following a job', () => {
  type State = { status: 'queued' | 'running' | 'succeeded'; version: number };

  /** Follows with a clock that jumps from sleep to sleep. `states` says what there is to see at a time. */
  async function watch(stateAt: (ms: number) => State, { seenVersion = 0, goneAt = Number.POSITIVE_INFINITY } = {}) {
    let now = 0;
    let looks = 0;
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms;
      },
    };
    const look = async () => {
      looks += 1;
      return stateAt(now);
    };
    const seen: string[] = [];
    const following = followJob(stateAt(0), { seenVersion, look, clock, isGone: () => now >= goneAt });
    for await (const { type, job } of following) seen.push(`${type} ${job.version}`);
    return { seen, looks, lastedMs: now };
  }

  it('tells each version once, and the end', async () => {
    const { seen, looks } = await watch((ms) =>
      ms < 3_000 ? { status: 'running', version: 1 + Math.floor(ms / 1_000) } : { status: 'succeeded', version: 9 },
    );
    expect(seen).toEqual(['progress 1', 'progress 2', 'progress 3', 'end 9']);
    expect(looks).toBe(6);
  });

  it('lasts five minutes at most, takes less than 200 looks however much happens, and is never silent for long', async () => {
    const busy = await watch((ms) => ({ status: 'running', version: 1 + ms }));
    expect(busy.looks).toBeLessThan(200);
    expect(busy.lastedMs).toBe(5 * 60_000);
    const quiet = await watch(() => ({ status: 'queued', version: 1 }));
    expect(quiet.looks).toBe(busy.looks);
    expect(quiet.seen.slice(0, 2)).toEqual(['progress 1', 'heartbeat 1']);
    expect(quiet.seen.length).toBeGreaterThanOrEqual(Math.floor((5 * 60) / 17));
  });

  it('goes on behind what was seen, and stops for whoever is gone', async () => {
    const running = (): State => ({ status: 'running', version: 4 });
    expect((await watch(running, { seenVersion: 4, goneAt: 2_000 })).seen).toEqual([]);
    expect((await watch(running, { seenVersion: 3, goneAt: 2_000 })).seen).toEqual(['progress 4']);
    expect((await watch(running, { goneAt: 2_000 })).looks).toBe(4);
  });

  it.each([
    ['7', 7],
    [undefined, 0],
    ['', 0],
    ['-1', 0],
    ['1.5', 0],
    ['NaN', 0],
    ['9'.repeat(30), 0],
  ])('takes %j as version %j', (id, version) => expect(versionSeen(id)).toBe(version));
});
