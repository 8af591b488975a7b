import type { Database } from '../../db/client.ts';
import { isUniqueViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { type Anchor, createChainRepository } from './chain.repository.ts';
import { type Break, findBreak, GENESIS, type Seal, sealEntries } from './chain.ts';

type Deps = { database: Database; clock: Clock; logger: Logger };

/** What a look at a stretch of the log has found. */
export type Verification = {
  /** The last number that was looked at. */
  checkedTo: number;
  entries: number;
  /** Of those: waiting for their seal. */
  unsealed: number;
  break: Break | undefined;
  /** The newest seal of the whole log. */
  head: Seal | undefined;
  /** Whether there is more behind this stretch. */
  more: boolean;
};

export type VerificationRequest = {
  /** The number to begin behind; what is before it must have been looked at already. */
  after: number;
  /** Numbers to look at. */
  limit: number;
  /** A seal noted earlier, outside the database, that the log must still have. */
  anchor?: Anchor | undefined;
};

const ENTRIES_PER_BATCH = 500;
/** What one turn seals at most; the next one goes on. */
const BATCHES_PER_TURN = 20;

class OvertakenError extends Error {
  override readonly name = 'OvertakenError';
}

/** The chain over the log: seals entries in the background, and finds where it is broken. */
export function createChainService({ database, clock, logger }: Deps) {
  const repository = createChainRepository(database);

  /** Seals the next entries. @returns how many; 0 when there are none, or another worker seals them. */
  const sealBatch = async (): Promise<number> => {
    const { last, unsealed } = await repository.findUnsealed(ENTRIES_PER_BATCH);
    const seals = sealEntries(unsealed, last?.hash ?? GENESIS);
    const head = seals.at(-1);
    if (!head) return 0;
    const refusal = () => new OvertakenError('Another worker seals these entries.');
    try {
      await repository.addSeals(seals, { lastSeq: last?.seq ?? 0, now: clock.now(), refusal });
    } catch (error) {
      if (error instanceof OvertakenError || isUniqueViolation(error)) return 0;
      throw error;
    }
    // Logs are kept elsewhere: who rewrites the whole chain in the database cannot change this line.
    logger.info('audit.sealed', { entries: seals.length, seq: head.seq, hash: head.hash });
    return seals.length;
  };

  return {
    /** Seals what waits for it, oldest first. @returns how many entries. */
    async seal(): Promise<number> {
      let sealed = 0;
      for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
        const count = await sealBatch();
        sealed += count;
        if (count < ENTRIES_PER_BATCH) break;
      }
      return sealed;
    },

    /** Looks whether the log is as it was sealed. One call to the database, bounded by the limit. */
    async verify({ after, limit, anchor }: VerificationRequest): Promise<Verification> {
      const found = await repository.readStretch({ after, limit, anchor });
      const { entries, seals, head, lastEntry, counted } = found;
      const sealedTo = head?.seq ?? 0;
      const end = Math.max(lastEntry, sealedTo, counted);
      const to = Math.max(after, Math.min(after + limit, end));
      const previousHash = found.previousHash ?? GENESIS;
      const inChain = findBreak({ after, to, previousHash, entries, seals, sealedTo, lastEntry });
      const isOther = anchor !== undefined && found.anchored !== anchor.hash;
      return {
        checkedTo: inChain?.seq ?? to,
        entries: entries.length,
        unsealed: entries.filter(({ seq }) => seq > sealedTo).length,
        break: inChain ?? (isOther ? { seq: anchor.seq, reason: 'other_head' } : undefined),
        head: head && { seq: head.seq, hash: head.hash },
        more: inChain ? inChain.seq < end : to < end,
      };
    },
  };
}

export type ChainService = ReturnType<typeof createChainService>;
