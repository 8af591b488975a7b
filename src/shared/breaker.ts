export class BreakerOpenError extends Error {
  override readonly name = 'BreakerOpenError';
}

export type Breaker = {
  /** Runs the call, or throws BreakerOpenError at once while the service is considered down. */
  run<T>(call: () => Promise<T>): Promise<T>;
  state(): 'closed' | 'open' | 'half-open';
};

export type BreakerOptions = {
  name: string;
  /** Failures in a row that open it. */
  threshold: number;
  /** How long it stays open before one call may probe. */
  coolDownMs: number;
  now: () => number;
  /** Which errors say that the service is down; others (a constraint, say) prove that it is up. */
  counts: (error: unknown) => boolean;
};

/** A circuit breaker: fails fast while a service is down instead of letting callers queue for its time-outs. */
export function createBreaker(options: BreakerOptions): Breaker {
  let failures = 0;
  let openedAt = 0;
  let probing = false;

  const state = () => {
    if (failures < options.threshold) return 'closed';
    return options.now() - openedAt < options.coolDownMs ? 'open' : 'half-open';
  };

  const settle = (error: unknown) => {
    probing = false;
    if (error === undefined || !options.counts(error)) {
      failures = 0;
      return;
    }
    failures += 1;
    if (failures >= options.threshold) openedAt = options.now();
  };

  return {
    state,
    async run(call) {
      const current = state();
      if (current === 'open' || (current === 'half-open' && probing)) {
        throw new BreakerOpenError(`${options.name} is not answering; calls are held back for a moment.`);
      }
      probing = current === 'half-open';
      try {
        const value = await call();
        settle(undefined);
        return value;
      } catch (error) {
        settle(error);
        throw error;
      }
    },
  };
}
