import { z } from '@hono/zod-openapi';
import type { Actor } from '../../shared/actor.ts';
import { isoTime } from '../../shared/time.ts';
import type { auditEntrySchema, securityEventSchema, verificationSchema } from './audit.schemas.ts';
import type { SealedEntry } from './audit-log.service.ts';
import type { Verification } from './chain.service.ts';
import { type BreakReason, GENESIS } from './chain.ts';

const detailsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** In the order in which the hash covers the values. */
export function presentAuditEntry(entry: SealedEntry): z.output<typeof auditEntrySchema> {
  return {
    seq: entry.seq,
    id: entry.id,
    at: isoTime(entry.createdAt),
    actorType: entry.actorType,
    actorId: entry.actorId,
    credentialId: entry.credentialId,
    accountId: entry.accountId,
    action: entry.action,
    objectType: entry.objectType,
    objectId: entry.objectId,
    outcome: entry.outcome,
    errorCode: entry.errorCode,
    requestId: entry.requestId,
    address: entry.address,
    client: entry.client,
    isSecurity: entry.isSecurity === 1,
    details: detailsSchema.safeParse(JSON.parse(entry.details)).data ?? {},
    previousHash: entry.hash === null ? null : (entry.previousHash ?? GENESIS),
    hash: entry.hash,
  };
}

/** Without what is other people's: administrators are not named. */
export function presentSecurityEvent(entry: SealedEntry, { userId }: Actor): z.output<typeof securityEventSchema> {
  const isOwn = entry.actorId === userId;
  const isStrangers = entry.actorType === 'anonymous';
  return {
    id: entry.id,
    at: isoTime(entry.createdAt),
    action: entry.action,
    outcome: entry.outcome,
    errorCode: entry.errorCode,
    by: byWhom(entry, isOwn),
    credentialId: isOwn ? entry.credentialId : null,
    objectType: entry.objectType,
    // What was refused need not be theirs.
    objectId: entry.outcome === 'succeeded' ? entry.objectId : null,
    address: isOwn || isStrangers ? entry.address : null,
    client: isOwn || isStrangers ? entry.client : null,
    requestId: entry.requestId,
  };
}

function byWhom({ actorType }: SealedEntry, isOwn: boolean): 'you' | 'administrator' | 'anonymous' | 'job' {
  if (actorType === 'anonymous' || actorType === 'job') return actorType;
  return isOwn ? 'you' : 'administrator';
}

const REASONS: Record<BreakReason, string> = {
  removed: 'This entry was sealed, and is gone.',
  missing: 'There was an entry of this number, and it is gone; it had not been sealed.',
  inserted: 'This entry was put in behind the seal of a later one.',
  changed: 'This entry, or the hash of it or of the one before, is not what was sealed.',
  truncated: 'The log ends here, but there were entries of this number and beyond.',
  other_head: 'The chain does not have the hash that you noted for this entry.',
};

export function presentVerification(verification: Verification): z.output<typeof verificationSchema> {
  const { checkedTo, entries, unsealed, break: found, head, more } = verification;
  return {
    ok: found === undefined,
    checkedTo,
    entries,
    unsealed,
    problem: found ? { ...found, detail: REASONS[found.reason] } : null,
    head: head ?? null,
    nextAfter: more ? checkedTo : null,
  };
}
