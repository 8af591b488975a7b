import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalServer } from '../../scripts/server.ts';
import { roundTrips } from '../support/costs.ts';
import { isToldApart, measureApart } from '../support/distributions.ts';
import { type Installation, install } from '../support/local-server.ts';

/** So many fit before the lock-out: below 10 failures for an account, 100 for an address, in all rounds together. */
const LOGIN_SAMPLES = 12;
const FAILURES_PER_ACCOUNT = 9;
const FORGOT_SAMPLES = 16;
const MAILS_PER_ACCOUNT = 5;
/** What is done for a mail after the answer is over by then. */
const REST_MS = 60;

/** Measured from outside, over HTTP, as an attacker would: inside, the clock of a Worker stands still while it computes. */
describe('the time of an answer', () => {
  let installation: Installation;
  let server: LocalServer;
  let accounts: { username: string; email: string }[];

  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, headers: response.headers, body: (await response.json()) as { code?: string } };
  };

  const newAccount = async () => {
    const username = `user-${crypto.randomUUID().slice(0, 13)}`;
    const email = `${username}@example.com`;
    const { status } = await post('/v1/auth/register', { username, email, password: `Pw-${crypto.randomUUID()}` });
    expect(status).toBe(201);
    return { username, email };
  };

  /** The accounts in turn, each so many times. */
  const inTurn = (times: number) => {
    let uses = 0;
    return () => {
      const account = accounts[Math.floor(uses++ / times) % accounts.length];
      if (!account) throw new Error('There are no accounts.');
      return account;
    };
  };

  beforeAll(async () => {
    // The cost of production, which is most of what a log-in takes.
    installation = await install({ SCRYPT_COST_LOG2: '14' });
    server = await installation.start();
    accounts = await Promise.all(Array.from({ length: 10 }, newAccount));
  });

  afterAll(async () => {
    await server?.stop();
    await installation?.remove();
  });

  const failed = async (identifier: string) => {
    const { status, body } = await post('/v1/auth/login', { identifier, password: 'wrong wrong' });
    expect([status, body.code]).toEqual([401, 'invalid_credentials']);
  };

  it('to a wrong password does not tell whether there is such an account; one without a hash would', async () => {
    const next = inTurn(FAILURES_PER_ACCOUNT);
    const known = () => failed(next().username);
    const unknown = () => failed(`nobody-${crypto.randomUUID()}`);
    const login = await measureApart([known, unknown], { samples: LOGIN_SAMPLES });
    expect(isToldApart(login), JSON.stringify(login)).toBe(false);

    // A token that opens nothing: one look into the database, and no hash, as if log-in had left it out.
    const unhashed = async () => {
      const refreshToken = `cpr_${crypto.randomUUID().repeat(2).slice(0, 43)}`;
      expect((await post('/v1/auth/refresh', { refreshToken })).status).toBe(401);
    };
    const caught = await measureApart([unhashed, unknown], { samples: 6, rounds: 1 });
    expect(isToldApart(caught), JSON.stringify(caught)).toBe(true);
  });

  it('to a forgotten password does not tell it either, and asks the database nothing before', async () => {
    const forget = async (email: string) => {
      const answer = await post('/v1/auth/password/forgot', { email });
      expect([answer.status, answer.body]).toEqual([202, { status: 'accepted' }]);
      expect(roundTrips(answer)).toBe(0);
    };
    const next = inTurn(MAILS_PER_ACCOUNT);
    const known = () => forget(next().email);
    const unknown = () => forget(`nobody-${crypto.randomUUID()}@example.com`);
    const forgot = await measureApart([known, unknown], { samples: FORGOT_SAMPLES, pauseMs: REST_MS });
    expect(isToldApart(forgot), JSON.stringify(forgot)).toBe(false);
  });
});
