import { Agent, type IncomingMessage, request } from 'node:http';
import { percentile, type Spread, spreadOf } from './statistics.ts';

export type Target = { url: string; token: string };
export type Reply = { status: number; body: string; serverTiming: string; milliseconds: number };

export type LoadPlan = {
  callers: number;
  rounds: number;
  roundMs: number;
  warmUpMs: number;
};

export type Load = { p50: Spread; p95: Spread; perSecond: Spread; requests: number };

/**
 * Closed loop: each caller sends its next request when the last one is answered. Every request's path is made anew.
 * @throws Error when an answer is not 200: figures of refusals mean nothing.
 */
export async function measure(target: Target, path: () => string, plan: LoadPlan): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.callers });
  try {
    await round(target, { agent, path, callers: plan.callers, forMs: plan.warmUpMs });
    const rounds: { latencies: number[]; seconds: number }[] = [];
    for (let index = 0; index < plan.rounds; index += 1) {
      rounds.push(await round(target, { agent, path, callers: plan.callers, forMs: plan.roundMs }));
    }
    return {
      p50: spreadOf(rounds.map(({ latencies }) => percentile(latencies, 0.5))),
      p95: spreadOf(rounds.map(({ latencies }) => percentile(latencies, 0.95))),
      perSecond: spreadOf(rounds.map(({ latencies, seconds }) => latencies.length / seconds)),
      requests: rounds.reduce((total, { latencies }) => total + latencies.length, 0),
    };
  } finally {
    agent.destroy();
  }
}

type Round = { agent: Agent; path: () => string; callers: number; forMs: number };

async function round(target: Target, { agent, path, callers, forMs }: Round) {
  const latencies: number[] = [];
  const start = performance.now();
  const caller = async () => {
    while (performance.now() - start < forMs) {
      const { milliseconds } = await get(target, { path: path(), agent });
      latencies.push(milliseconds);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { latencies, seconds: (performance.now() - start) / 1000 };
}

/** One GET, timed from the call to the last byte of the answer. */
export function get({ url, token }: Target, { path, agent }: { path: string; agent?: Agent }): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const collect = (response: IncomingMessage) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const milliseconds = performance.now() - started;
        const body = Buffer.concat(pieces).toString();
        const status = response.statusCode ?? 0;
        if (status !== 200) reject(new Error(`${path} answered ${status}: ${body.slice(0, 300)}`));
        else resolve({ status, body, serverTiming: String(response.headers['server-timing'] ?? ''), milliseconds });
      });
    };
    const headers = { authorization: `Bearer ${token}` };
    const outgoing = request(`${url}${path}`, { headers, ...(agent && { agent }) }, collect);
    outgoing.on('error', reject);
    outgoing.end();
  });
}
