import { expect } from 'vitest';
import type { TestUser } from './actors.ts';
import { call } from './app.ts';
import { deliver, pass } from './clockwork.ts';
import type { Inhabitant } from './security-world.ts';

export type Begun = { job: { id: string; type: string; status: string }; receipt: string; statusUrl: string };
export type Remaining = { rows: Record<string, number> } & Record<string, unknown>;
type State = { status: string; attempts: number; remaining: Remaining | null; [field: string]: unknown };

/** Longer than credentials are trusted, and than the lease of a job. */
export const TRUSTED_MS = 36_000;
export const LEASE_MS = 2_500;
export const DAY_MS = 24 * 60 * 60 * 1000;

export const deleteMe = (token: string, body: unknown) => call<Begun>('/v1/me', { method: 'DELETE', token, body });

/** The state of an erasure, as its receipt tells it. */
export const ask = async ({ receipt }: Begun) => (await call<State>(`/v1/erasures/${receipt}`)).body;

/** Deletes the account. */
export async function begin({ token, password }: Pick<TestUser, 'token' | 'password'>): Promise<Begun> {
  const answer = await deleteMe(token, { password });
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body;
}

/** Runs an erasure to its end, as the queue and the passing time would. */
export async function runToEnd({ job }: Begun): Promise<void> {
  for (const wait of [0, TRUSTED_MS, LEASE_MS]) {
    if (wait > 0) pass(wait);
    await deliver({ erasureId: job.id });
  }
}

/** Everything by which something of the user's is recognised. */
export const wordsOf = ({ user, canary, belongings }: Inhabitant) => [
  user.id,
  user.email,
  user.username,
  canary,
  ...Object.values(belongings),
];
