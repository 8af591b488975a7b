import { createHash } from 'node:crypto';
import { isoTime } from '../../shared/time.ts';
import type { AuditRow, SealRow } from './audit.table.ts';

export type Seal = Pick<SealRow, 'seq' | 'hash'>;

/** What stands before the first entry. */
export const GENESIS = '0'.repeat(64);

/** Whether an entry is missing, and why its hash does not fit. */
export type Break = { seq: number; reason: BreakReason };

export const BREAK_REASONS = ['removed', 'missing', 'inserted', 'changed', 'truncated', 'other_head'] as const;
export type BreakReason = (typeof BREAK_REASONS)[number];

/** A stretch of the log, as the database has it: everything behind `after`, up to and including `to`. */
export type Stretch = {
  after: number;
  to: number;
  /** The last hash up to `after`. */
  previousHash: string;
  entries: readonly AuditRow[];
  seals: readonly Seal[];
  /** The newest seal and entry of the whole log. */
  sealedTo: number;
  lastEntry: number;
};

/**
 * An entry as its hash covers it: the values that an export shows, in their order, as a JSON array. This form is for
 * good: entries with other columns would need another one, beside it.
 */
export function canonicalEntry(entry: AuditRow): string {
  const values = [
    entry.seq,
    entry.id,
    isoTime(entry.createdAt),
    entry.actorType,
    entry.actorId,
    entry.credentialId,
    entry.accountId,
    entry.action,
    entry.objectType,
    entry.objectId,
    entry.outcome,
    entry.errorCode,
    entry.requestId,
    entry.address,
    entry.client,
    entry.isSecurity === 1,
  ];
  return `${JSON.stringify(values).slice(0, -1)},${entry.details}]`;
}

/** The hash of an entry behind the one with the given hash (SHA-256, hexadecimal). */
export const linkHash = (previousHash: string, entry: AuditRow): string =>
  createHash('sha256')
    .update(`${previousHash}\n${canonicalEntry(entry)}`)
    .digest('hex');

/** Seals entries, which must be in order, behind the one with the given hash. */
export function sealEntries(entries: readonly AuditRow[], previousHash: string): Seal[] {
  let hash = previousHash;
  return entries.map((entry) => {
    hash = linkHash(hash, entry);
    return { seq: entry.seq, hash };
  });
}

/** The first place in the stretch where something was removed, put in or changed; undefined where all is well. */
export function findBreak(stretch: Stretch): Break | undefined {
  const entries = new Map(stretch.entries.map((entry) => [entry.seq, entry]));
  const seals = new Map(stretch.seals.map((seal) => [seal.seq, seal.hash]));
  let { previousHash } = stretch;
  for (let seq = stretch.after + 1; seq <= stretch.to; seq++) {
    const hash = seals.get(seq);
    const reason = breakAt({ seq, entry: entries.get(seq), hash, previousHash }, stretch);
    if (reason) return { seq, reason };
    previousHash = hash ?? previousHash;
  }
  return undefined;
}

type Place = { seq: number; entry: AuditRow | undefined; hash: string | undefined; previousHash: string };

function breakAt({ seq, entry, hash, previousHash }: Place, { sealedTo, lastEntry }: Stretch): BreakReason | undefined {
  if (!entry) {
    if (seq > lastEntry) return 'truncated';
    return hash === undefined ? 'missing' : 'removed';
  }
  // The newest entries wait for their seal; behind a seal none does.
  if (hash === undefined) return seq < sealedTo ? 'inserted' : undefined;
  return hash === linkHash(previousHash, entry) ? undefined : 'changed';
}
