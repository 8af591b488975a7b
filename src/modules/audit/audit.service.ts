import type { Companion, Database, Statement } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { KeyRing } from '../../platform/secrets/key-ring.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError } from '../../shared/app-error.ts';
import type { Throttle } from '../../shared/throttle.ts';
import { type Condition, createAuditRepository, type Found, type NewEntry } from './audit.repository.ts';
import type { ChainService } from './chain.service.ts';
import { clientKind } from './client-kind.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  keyRing: KeyRing;
  requestId: string;
  waitUntil: (work: Promise<unknown>) => void;
  chain: () => ChainService;
  /** When this isolate seals again without being told. */
  sealing: Throttle;
};

/** What something was done to. */
export type AuditObject = { type: string; id: Found<string | null> };

/** Facts about an entry: counts, switches, ids and names of fixed lists. Never content, secrets or addresses. */
export type AuditDetails = Record<string, string | number | boolean>;

/** A call that may leave an entry. */
export type AuditedCall = {
  action: string;
  isSecurity: boolean;
  /** Whether it leaves an entry also when it succeeds without committing anything. */
  always: boolean;
  /** Who asks, as soon as that is known. */
  actor: () => Actor | undefined;
  /** Where from, as addresses are counted. */
  address: string | undefined;
  userAgent: string | undefined;
  object?: AuditObject | undefined;
  details?: AuditDetails | undefined;
};

/** What came of a call. */
export type AuditResult = Pick<NewEntry, 'outcome' | 'errorCode'>;

export type JobEntry = {
  action: string;
  job?: { id: string; ownerId: string; requestId: string | null };
  object?: AuditObject;
  details?: AuditDetails;
  /** Leaves an entry only if the statement before it changed something, and says how many rows under this name. */
  countingChanges?: string;
};

type Draft = Omit<AuditedCall, 'address' | 'userAgent'> & {
  address: string | null;
  client: string | null;
  /** Holds only if the call takes effect. */
  made?: AuditObject;
  signedIn?: { type: 'user'; userId: string; credentialId: string };
};

const MAX_DETAILS_CHARS = 1000;
const NOTHING = { type: null, id: null };
const SUCCESS: AuditResult = { outcome: 'succeeded', errorCode: null };

/**
 * What one invocation leaves in the audit log. The entry of a call that takes effect is committed in the very batch by
 * which it does; that of any other call is written after the answer, and its failure is no failure of the call.
 */
export function createAuditService(deps: Deps) {
  const { database, clock, ids, logger, keyRing, requestId, waitUntil } = deps;
  const repository = createAuditRepository(database);
  let draft: Draft | undefined;
  let companion: Companion | undefined;
  /** Somebody else sees to the entry. */
  let isTakenOver = false;

  const stamp = () => ({ id: ids.next(), createdAt: clock.now() });

  const entryOf = (call: Draft, result: AuditResult, tookEffect: boolean): NewEntry => {
    const { made, signedIn } = tookEffect ? call : {};
    const object = made ?? call.object ?? NOTHING;
    const actor = signedIn ?? signatureOf(call.actor());
    // What somebody tried in vain to do to another's account is no part of its history.
    const isAccount = object.type === 'user' && (actor.type === 'anonymous' || result.outcome === 'succeeded');
    return {
      ...stamp(),
      ...result,
      actorType: actor.type,
      actorId: actor.userId,
      credentialId: actor.credentialId,
      accountId: isAccount ? object.id : actor.userId,
      action: call.action,
      objectType: object.type,
      objectId: object.id,
      requestId,
      address: call.address,
      client: call.client,
      isSecurity: call.isSecurity || result.errorCode === 'forbidden' ? 1 : 0,
      details: detailsText(call.details),
    };
  };

  const write = async (entry: NewEntry): Promise<void> => {
    try {
      await repository.insert(entry);
    } catch (error) {
      const { action, outcome, errorCode } = entry;
      logger.error('audit.not_written', error, { requestId, action, outcome, errorCode });
    }
  };

  const accompany = (call: Draft) => database.accompany(() => [repository.insert(entryOf(call, SUCCESS, true))]);

  const seal = async (): Promise<void> => {
    try {
      await deps.chain().seal();
    } catch (error) {
      logger.error('audit.not_sealed', error);
    }
  };

  /** After the answer, in turn: neither may compete with what somebody waits for. */
  const afterwards = async (entry?: NewEntry): Promise<void> => {
    await clock.sleep(0);
    if (entry) await write(entry);
    if (deps.sealing.isDue()) await seal();
  };

  return {
    /** Begins to watch a call. */
    async watch({ address, userAgent, ...call }: AuditedCall): Promise<void> {
      const place = address === undefined ? null : await keyRing.fingerprint(address, 'audit');
      draft = { ...call, address: place, client: clientKind(userAgent) };
      companion = accompany(draft);
    },

    /** Says what the call is about. The path's ids need not be said. */
    about(object: AuditObject): void {
      if (draft) draft.object = object;
    },

    /** Says what the call is about to make: it is named only if it comes to be. */
    making(object: AuditObject): void {
      if (draft) draft.made = object;
    },

    /** Says whose session the call opens: they are its actor, if it does. */
    signingIn(signedIn: { userId: string; credentialId: string }): void {
      if (draft) draft.signedIn = { type: 'user', ...signedIn };
    },

    /**
     * For a batch that itself decides what happened: an entry on this call for it, left under a condition. None goes
     * along by itself then. Say {@link settled} if one was left.
     */
    conditionally(facts: Partial<NewEntry>, when: Condition): Statement<{ seq: number }[]> {
      if (!draft) throw new Error('No call is being watched.');
      companion?.withdraw();
      return repository.insert({ ...entryOf(draft, SUCCESS, false), ...facts }, when);
    },

    /**
     * For a change of many rows: an entry on this call that says how many the statement before it changed, if it changed
     * any. Say {@link settled} if it did.
     */
    countingChanges(name: string): Statement<{ seq: number }[]> {
      return this.conditionally({ details: repository.countOf(name) }, 'changed');
    },

    /** Says that the call has left its entry. */
    settled(): void {
      isTakenOver = true;
    },

    /** Work after the answer that belongs to the call: its entry goes along with what that commits. */
    async later(work: () => Promise<void>): Promise<void> {
      const call = draft;
      if (!call) return work();
      companion?.withdraw();
      isTakenOver = true;
      const own = accompany(call);
      try {
        await work();
        if (!own.withdraw()) await write(entryOf(call, SUCCESS, false));
      } catch (error) {
        await write(entryOf(call, resultOf(error), own.withdraw()));
        throw error;
      }
    },

    /** Ends the watch, and leaves after the answer what has not gone along with a commit. Without a result: nothing. */
    end(result?: AuditResult): void {
      if (!draft) return;
      const hasGone = companion?.withdraw() ?? false;
      const isSaid = hasGone || !draft.always;
      // What took effect and then failed leaves two entries: the first cannot be taken back, and is true.
      const isDue = result !== undefined && !isTakenOver && (result.outcome !== 'succeeded' || !isSaid);
      if (isDue) waitUntil(afterwards(entryOf(draft, result, hasGone)));
      else if (hasGone) waitUntil(afterwards());
    },

    /** An entry on what a job or a sweep does, for its batch. */
    ofJob({ action, job, object, details, countingChanges }: JobEntry): Statement {
      const entry: NewEntry = {
        ...stamp(),
        ...SUCCESS,
        actorType: 'job',
        actorId: job?.ownerId ?? null,
        credentialId: job?.id ?? null,
        accountId: job?.ownerId ?? null,
        action,
        objectType: object?.type ?? null,
        objectId: object?.id ?? null,
        requestId: job?.requestId ?? requestId,
        address: null,
        client: null,
        isSecurity: 0,
        details: countingChanges === undefined ? detailsText(details) : repository.countOf(countingChanges),
      };
      return repository.insert(entry, countingChanges === undefined ? undefined : 'changed');
    },
  };
}

export type AuditService = ReturnType<typeof createAuditService>;

/** What came of work that ended with this error. */
const resultOf = (error: unknown): AuditResult =>
  error instanceof AppError && error.kind !== 'internal' && error.kind !== 'unavailable'
    ? { outcome: 'refused', errorCode: error.code }
    : { outcome: 'failed', errorCode: error instanceof AppError ? error.code : 'internal' };

function signatureOf(actor: Actor | undefined) {
  if (!actor) return { type: 'anonymous', userId: null, credentialId: null } as const;
  const type = actor.credential.type === 'session' ? ('user' as const) : ('api_key' as const);
  return { type, userId: actor.userId, credentialId: actor.credential.id };
}

/** An entry without its details is better than none. */
function detailsText(details: AuditDetails = {}): string {
  const text = JSON.stringify(details);
  return text.length > MAX_DETAILS_CHARS ? '{"tooLong":true}' : text;
}
