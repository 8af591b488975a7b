/** The queue port: wakes jobs. The job row is the truth, so a message lost, late or doubled changes nothing. */
export type JobQueue = {
  /** Asks for the jobs to be looked at, after the given delay (at most 12 hours). Never throws: the sweep mends it. */
  wake(jobIds: string[], options?: { delaySeconds?: number }): Promise<void>;
  /** The same for erasures of accounts. */
  wakeErasures(erasureIds: string[], options?: { delaySeconds?: number }): Promise<void>;
};
