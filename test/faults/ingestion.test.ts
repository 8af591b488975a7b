import { describe, expect, it } from 'vitest';
import { REDUCED_PLAN, runFaults } from './campaign.ts';

const TEST_MS = 300_000;

describe('a server that is killed, loses messages, and whose stores fail, while it reads files of all formats', () => {
  it('loses nothing that it accepted, keeps nothing twice and leaves nothing behind', {
    timeout: TEST_MS,
  }, async () => {
    const told: string[] = [];
    const { problems, openAtCrash, failedCalls } = await runFaults(REDUCED_PLAN, (line) => told.push(line));
    expect(problems, told.join('\n')).toEqual([]);
    // A crash with nothing to do would prove nothing, and so would stores that nobody asked for anything.
    expect(Math.min(...openAtCrash), `jobs open at each crash: ${openAtCrash}`).toBeGreaterThan(0);
    expect(Math.min(failedCalls.database, failedCalls.archive), JSON.stringify(failedCalls)).toBeGreaterThan(0);
  });
});
