import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCampaign } from '../../scripts/fuzz/campaign.ts';
import { hasSuccess, renderReport } from '../../scripts/fuzz/report.ts';
import { send } from '../../scripts/fuzz/wire.ts';
import type { LocalServer } from '../../scripts/server.ts';
import { type Installation, install } from '../support/local-server.ts';

const SEED = 20261122;
/** One in so many of what `npm run fuzz` tries in a round: half a minute at most. */
const THINNING = 12;
/** What needs an administrator, an account that sleeps, a code or key of a device, or somebody else's service to succeed. */
const OUT_OF_REACH = /\/admin\/|two-factor|passkey|oauth|reactivate/;

describe('every operation that the API describes', () => {
  let installation: Installation;
  let server: LocalServer;

  beforeAll(async () => {
    // Hashing is not what is looked for.
    installation = await install({ SCRYPT_COST_LOG2: '10' });
    server = await installation.start();
  });

  afterAll(async () => {
    await server?.stop();
    await installation?.remove();
  });

  it('answers as described, whatever it is sent', async () => {
    const options = { baseUrl: server.url, seed: SEED, seconds: 1, maxRounds: 1, thinning: THINNING };
    const report = await runCampaign(options);
    expect(report.findings, renderReport(report, { seed: SEED, seconds: 0 })).toEqual([]);
    const open = [...report.tallies].filter(([name]) => !OUT_OF_REACH.test(name));
    expect(open.filter(([, tally]) => !hasSuccess(tally)).map(([name]) => name)).toEqual([]);
    expect(report.calls).toBeGreaterThan(report.tallies.size * 10);
  });

  // Here, because no Request of the runtime or of fetch has such a body.
  it.each([false, true])('takes no notice of a body with GET, however large, in chunks: %s', async (isChunked) => {
    const body = Buffer.alloc(1_100_000, 'x');
    const { status } = await send(
      server.url,
      { method: 'GET', target: '/health', headers: [], body, isChunked },
      5_000,
    );
    expect(status).toBe(200);
  });
});
