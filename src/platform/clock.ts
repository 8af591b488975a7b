export type Clock = {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Resolves after the given number of milliseconds. */
  sleep(milliseconds: number): Promise<void>;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
