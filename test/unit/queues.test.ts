import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { createCloudflareQueue } from '../../src/platform/queue/cloudflare-queue.ts';
import { createFaultyQueue, type QueueFaults } from '../../src/platform/queue/faulty-queue.ts';
import type { WakeUp } from '../../src/platform/queue/wake-up.ts';
import { describeJobQueue, type QueueUnderTest } from '../support/job-queue.contract.ts';

const LOGGER = { info: () => {}, warn: () => {}, error: () => {} };
const MAX_MESSAGES = 100;

function cloudflareQueue(): QueueUnderTest {
  const sent: { body: unknown; delaySeconds: number }[] = [];
  let failures = 0;
  const binding = {
    async sendBatch(messages: Iterable<MessageSendRequest<WakeUp>>, { delaySeconds = 0 }: QueueSendBatchOptions = {}) {
      const bodies = [...messages].map(({ body }) => body);
      expect(bodies.length).toBeLessThanOrEqual(MAX_MESSAGES);
      if (failures-- > 0) throw new Error('The queue is down.');
      sent.push(...bodies.map((body) => ({ body, delaySeconds })));
    },
  };
  return {
    queue: createCloudflareQueue(binding as unknown as Queue<WakeUp>, { logger: LOGGER }),
    sent: () => sent,
    fail: () => {
      failures = 1;
    },
  };
}

function faultyQueue(faults: Partial<QueueFaults>): QueueUnderTest {
  const inner = cloudflareQueue();
  const all = { seed: 7, drop: 0, duplicate: 0, reorder: 0, ...faults };
  return { ...inner, queue: createFaultyQueue(inner.queue, all) };
}

describe('Cloudflare’s queue', () => describeJobQueue(cloudflareQueue));

describe('the faulty queue', () => {
  const ids = Array.from({ length: 1000 }, (_, number) => `job-${number}`);
  const jobsIn = (under: QueueUnderTest) => under.sent().map(({ body }) => (body as { jobId: string }).jobId);

  describe('without a fault', () => describeJobQueue(() => faultyQueue({})));

  it('loses, doubles and delays as many messages as it is told to', async () => {
    const under = faultyQueue({ drop: 0.1, duplicate: 0.2, reorder: 0.3 });
    await under.queue.wake(ids);
    const arrived = new Set(jobsIn(under));
    expect(arrived.size).toBeGreaterThan(850);
    expect(arrived.size).toBeLessThan(950);
    const doubled = under.sent().length - arrived.size;
    expect(doubled / arrived.size).toBeCloseTo(0.2, 1);
    const late = under.sent().filter(({ delaySeconds }) => delaySeconds > 0);
    expect(late.length / under.sent().length).toBeCloseTo(0.3, 1);
    expect(new Set(late.map(({ delaySeconds }) => delaySeconds))).toEqual(new Set([1, 2, 3]));
    expect([...arrived].every((id) => ids.includes(id))).toBe(true);
  });

  it('does the same again with the same seed, and something else with another', async () => {
    const run = async (seed: number) => {
      const under = faultyQueue({ seed, drop: 0.3, duplicate: 0.3, reorder: 0.3 });
      await under.queue.wake(ids.slice(0, 50));
      return under.sent();
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });

  it('delays what was to come late anyway, and can lose everything', async () => {
    const late = faultyQueue({ reorder: 1 });
    await late.queue.wakeErasures(['an-erasure'], { delaySeconds: 60 });
    expect(late.sent()[0]?.delaySeconds).toBeGreaterThan(60);
    const deaf = faultyQueue({ drop: 1 });
    await deaf.queue.wake(ids);
    expect(deaf.sent()).toEqual([]);
  });

  it('is asked for by the configuration, which refuses nonsense, and production', () => {
    const KEYS = { ENCRYPTION_KEYS: `k:${'B'.repeat(43)}=` };
    expect(parseConfig({ QUEUE_FAULTS: 'seed=7, drop=0.1,reorder=1' }).QUEUE_FAULTS).toEqual({
      seed: 7,
      drop: 0.1,
      duplicate: 0,
      reorder: 1,
    });
    expect(parseConfig({}).QUEUE_FAULTS).toBeUndefined();
    for (const QUEUE_FAULTS of ['drop=2', 'lose=0.1', 'drop', 'seed=-1', 'drop=x']) {
      expect(() => parseConfig({ QUEUE_FAULTS }), QUEUE_FAULTS).toThrow(/QUEUE_FAULTS/);
    }
    expect(() => parseConfig({ ENVIRONMENT: 'production', ...KEYS, QUEUE_FAULTS: 'drop=0.1' })).toThrow(/QUEUE_FAULTS/);
    expect(parseConfig({ ENVIRONMENT: 'production', ...KEYS }).QUEUE_FAULTS).toBeUndefined();
  });
});
