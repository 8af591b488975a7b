import { AppError } from '../shared/app-error.ts';
import { withTimeout } from '../shared/attempts.ts';
import type { AttemptGuard } from './attempt-guard.ts';
import type { LockoutPolicy } from './lockout.ts';
import { subjectHash } from './subject.ts';

/** What can be guessed: each has counters of its own, and is named here so that erasing an account forgets them all. */
export const GUARDED = ['login', 'password', 'two_factor'] as const;

/** What can be made too often: mails to an address. They outlive the account, which anybody can make anew. */
export const MAILED = 'mail';

/** Somebody's attempt at a secret, or at a mailbox. */
export type AttemptSubject = {
  what: (typeof GUARDED)[number] | typeof MAILED;
  /** Whose it is, whether or not there is such an account. */
  account: string;
  /** Where the attempt comes from, as `addressKey` names it; absent where the platform does not say. */
  address?: string | undefined;
};

/** An attempt that has been counted as failed. */
export type Attempt = {
  /** It was right: forgets the account's failures, and takes this one back from the address. */
  succeed(): Promise<void>;
  /** It was right, but more is asked for: takes it back from the address only. `forget` does the rest. */
  advance(): Promise<void>;
};

export type Attempts = {
  /**
   * Counts an attempt before its secret is looked at; exact, however many come at once and wherever from.
   * @throws AppError `too_many_attempts`, or `unavailable` when it cannot be counted: then it must not be made.
   */
  begin(subject: AttemptSubject): Promise<Attempt>;
  /** Forgets the failures of an account whose owner has shown themselves by other means. */
  forgive(subject: Pick<AttemptSubject, 'what' | 'account'>): Promise<void>;
  /** Ends the wait of an account or an address. @returns whether there was anything to forget. */
  unlock(guardName: string): Promise<boolean>;
  /** Forgets everything that is counted for these accounts. @returns how much of it is left: zero. */
  forget(accounts: string[]): Promise<number>;
};

/** Somebody has to wait, has asked while they had to, or need not wait any more. */
export type LockedOut = {
  /** The guard that says so: `WHAT:account:HASH` or `WHAT:address:HASH`. */
  subject: string;
  /** As the attempt named it, for attempts at one account. */
  account?: string | undefined;
  /** Milliseconds since the epoch; 0 when the wait was taken back. */
  blockedUntil: number;
  wasRefused: boolean;
};

type Config = {
  LOCKOUT_ATTEMPTS_PER_ACCOUNT: number;
  LOCKOUT_ATTEMPTS_PER_ADDRESS: number;
  LOCKOUT_WINDOW_SECONDS: number;
  LOCKOUT_FIRST_WAIT_SECONDS: number;
  LOCKOUT_LONGEST_WAIT_SECONDS: number;
};

type Deps = {
  namespace: DurableObjectNamespace<AttemptGuard>;
  /** As it is at present: thresholds may change from one attempt to the next. */
  config: () => Config;
  now: () => number;
  onLockedOut: (lockedOut: LockedOut) => void;
};

const TIMEOUT_MS = 5_000;

/** Guards over one Durable Object for each account and each address. */
export function createAttempts({ namespace, config, now, onLockedOut }: Deps): Attempts {
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

  const guardOf = (name: string) => namespace.get(namespace.idFromName(name));
  const accountName = ({ what, account }: Pick<AttemptSubject, 'what' | 'account'>) =>
    `${what}:account:${subjectHash(account)}`;

  const policy = (limit: number): LockoutPolicy => {
    const { LOCKOUT_WINDOW_SECONDS, LOCKOUT_FIRST_WAIT_SECONDS, LOCKOUT_LONGEST_WAIT_SECONDS } = config();
    return {
      limit,
      windowMs: LOCKOUT_WINDOW_SECONDS * 1000,
      firstWaitMs: LOCKOUT_FIRST_WAIT_SECONDS * 1000,
      maxWaitMs: LOCKOUT_LONGEST_WAIT_SECONDS * 1000,
    };
  };

  const begin = async (subject: string, { limit, account }: { limit: number; account?: string }) => {
    const guard = guardOf(subject);
    const { waitMs, blockedUntil } = await ask(() => guard.begin(policy(limit)));
    if (blockedUntil > now()) onLockedOut({ subject, account, blockedUntil, wasRefused: waitMs > 0 });
    if (waitMs > 0) throw tooManyAttempts(Math.ceil(waitMs / 1000));
    const takeBack = async (undo: () => Promise<unknown>) => {
      await ask(undo);
      if (blockedUntil > now()) onLockedOut({ subject, account, blockedUntil: 0, wasRefused: false });
    };
    return { clear: () => takeBack(() => guard.clear()), forgive: () => takeBack(() => guard.forgive()) };
  };

  return {
    async begin({ what, account, address }) {
      const { LOCKOUT_ATTEMPTS_PER_ACCOUNT, LOCKOUT_ATTEMPTS_PER_ADDRESS } = config();
      // The address first: one that has to wait must not use up the attempts of accounts.
      const ofAddress =
        address === undefined
          ? undefined
          : await begin(`${what}:address:${address}`, { limit: LOCKOUT_ATTEMPTS_PER_ADDRESS });
      const ofAccount = await begin(accountName({ what, account }), {
        limit: LOCKOUT_ATTEMPTS_PER_ACCOUNT,
        account,
      });
      const advance = async () => {
        await ofAddress?.forgive();
      };
      return {
        advance,
        async succeed() {
          await Promise.all([ofAccount.clear(), advance()]);
        },
      };
    },

    async forgive(subject) {
      await ask(() => guardOf(accountName(subject)).clear());
    },

    unlock: (guardName) => ask(() => guardOf(guardName).clear()),

    async forget(accounts) {
      const names = accounts.flatMap((account) => GUARDED.map((what) => accountName({ what, account })));
      const left = await Promise.all(names.map((name) => ask(() => guardOf(name).erase())));
      return left.reduce((total, count) => total + count, 0);
    },
  };
}

const tooManyAttempts = (retryAfterSeconds: number) =>
  new AppError('rate_limited', 'There were too many failed attempts; wait before the next one.', {
    code: 'too_many_attempts',
    retryAfterSeconds,
  });
