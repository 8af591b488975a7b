import { AppError } from '../shared/app-error.ts';
import { withTimeout } from '../shared/attempts.ts';
import type { AttemptGuard } from './attempt-guard.ts';
import type { LockoutPolicy } from './lockout.ts';
import { subjectHash } from './subject.ts';

/** What can be guessed: each has counters of its own, and is named here so that erasing an account forgets them all. */
export const GUARDED = ['login', 'password'] as const;

/** Somebody's attempt at a secret. */
export type AttemptSubject = {
  what: (typeof GUARDED)[number];
  /** Whose secret it is, whether or not there is such an account. */
  account: string;
  /** Where the attempt comes from, as `addressKey` names it; absent where the platform does not say. */
  address?: string | undefined;
};

/** An attempt that has been counted as failed. */
export type Attempt = {
  /** It was right: forgets the account's failures, and takes this one back from the address. */
  succeed(): Promise<void>;
};

export type Attempts = {
  /**
   * Counts an attempt before its secret is looked at; exact, however many come at once and wherever from.
   * @throws AppError `too_many_attempts`, or `unavailable` when it cannot be counted: then it must not be made.
   */
  begin(subject: AttemptSubject): Promise<Attempt>;
  /** Forgets everything that is counted for these accounts. @returns how much of it is left: zero. */
  forget(accounts: string[]): Promise<number>;
};

const MINUTE_MS = 60_000;
const WAITS = { windowMs: 15 * MINUTE_MS, firstWaitMs: MINUTE_MS, maxWaitMs: 15 * MINUTE_MS };

/** Ten guesses at an account. The longest wait is short enough that nobody is locked out for long by somebody else. */
export const ACCOUNT_LOCKOUT: LockoutPolicy = { limit: 10, ...WAITS };
/** An address may be that of a whole office. */
export const ADDRESS_LOCKOUT: LockoutPolicy = { limit: 100, ...WAITS };

const TIMEOUT_MS = 5_000;

/** Guards over one Durable Object for each account and each address. */
export function createAttempts(namespace: DurableObjectNamespace<AttemptGuard>): Attempts {
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await withTimeout(call(), TIMEOUT_MS);
    } catch (cause) {
      throw new AppError('unavailable', 'Attempts cannot be counted at present; try again shortly.', {
        retryAfterSeconds: 2,
        cause,
      });
    }
  };

  const begin = async (name: string, policy: LockoutPolicy) => {
    const guard = namespace.get(namespace.idFromName(name));
    const waitMs = await ask(() => guard.begin(policy));
    if (waitMs > 0) throw tooManyAttempts(Math.ceil(waitMs / 1000));
    return guard;
  };

  const nameOf = (what: AttemptSubject['what'], account: string) => `${what}:account:${subjectHash(account)}`;

  return {
    async begin({ what, account, address }) {
      // The address first: one that has to wait must not use up the attempts of accounts.
      const ofAddress = address === undefined ? undefined : await begin(`${what}:address:${address}`, ADDRESS_LOCKOUT);
      const ofAccount = await begin(nameOf(what, account), ACCOUNT_LOCKOUT);
      return {
        async succeed() {
          await Promise.all([ask(() => ofAccount.clear()), ofAddress && ask(() => ofAddress.forgive())]);
        },
      };
    },

    async forget(accounts) {
      const names = accounts.flatMap((account) => GUARDED.map((what) => nameOf(what, account)));
      const left = await Promise.all(names.map((name) => ask(() => namespace.get(namespace.idFromName(name)).erase())));
      return left.reduce((total, count) => total + count, 0);
    },
  };
}

const tooManyAttempts = (retryAfterSeconds: number) =>
  new AppError('rate_limited', 'There were too many failed attempts; wait before the next one.', {
    code: 'too_many_attempts',
    retryAfterSeconds,
  });
