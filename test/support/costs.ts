import type { Answer } from './app.ts';

/** How many database round trips an answer says it took. */
export function roundTrips(answer: Pick<Answer, 'headers'>): number {
  const found = /db;[^,]*desc="(\d+) round trips"/.exec(answer.headers.get('server-timing') ?? '');
  if (!found) throw new Error(`No round trips in Server-Timing: ${answer.headers.get('server-timing')}`);
  return Number(found[1]);
}
