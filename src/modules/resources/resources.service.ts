import type { Database, Statement } from '../../db/client.ts';
import type { Changes } from '../../db/repository.ts';
import { isForeignKeyViolation, isUniqueViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Web } from '../../platform/web/web.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError, notFound } from '../../shared/app-error.ts';
import type { PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { Job, JobsService } from '../ingestion/ingestion.service.ts';
import type { CollectionsService } from '../library/collections.service.ts';
import { noSuchCollection, ownerGone } from '../library/documents.errors.ts';
import { hostOf, normaliseUrl } from './resource-url.ts';
import { addressRefused, alreadyAccepted, inUse, notAccepted } from './resources.errors.ts';
import { createResourcesRepository, type ResourceFilter, TakenMeanwhileError } from './resources.repository.ts';
import type { Resource, resources } from './resources.table.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  web: Web;
  jobs: JobsService;
  collections: CollectionsService;
  audit: Pick<AuditService, 'making'>;
};

/** How what is fetched will be filed, and when it is looked at again. */
export type ResourceFields = {
  title?: string | undefined;
  collectionId?: string | null | undefined;
  tags?: string[] | undefined;
  profile?: string | null | undefined;
  autoAccept?: boolean | undefined;
  checkEveryHours?: number | null | undefined;
};

export type NewResource = ResourceFields & {
  url: string;
  /** A feed must be one; a page is kept as a document even if it is one. By default, the content decides. */
  type?: 'page' | 'feed' | undefined;
};

/** A resource, and the job that fetches it; null when there is nothing to fetch. */
export type AddedResource = { resource: Resource; job: Job | null };

type Versioned = { id: string; expectedVersion?: number | undefined };

/** A feed is for what is new. */
export const FEED_CHECK_HOURS = 1;
const HOUR_MS = 60 * 60_000;
/** At one tick; the rest at the next ones. */
const CHECKS_PER_SWEEP = 200;

/** Verbs on what people want from the web. Nothing is fetched here: that is the work of jobs. */
export function createResourcesService(deps: Deps) {
  const { database, clock, ids, web, jobs, collections } = deps;
  const repository = createResourcesRepository(database);

  const get = async (actor: Actor, id: string): Promise<Resource> => {
    const resource = await repository.find(actor.userId, id);
    if (!resource) throw notFound('resource');
    return resource;
  };

  const read = async (statements: Statement[], { ownerId, id }: { ownerId: string; id: string }): Promise<Resource> => {
    const [resource] = await database.commitAndRead(statements, repository.select(ownerId, id));
    if (!resource) throw notFound('resource');
    return resource;
  };

  /** Commits a change together with a job that replaces whatever was under way. */
  const fetchAnew = async (
    actor: Actor,
    { id, guard, changes }: { id: string; guard: Statement; changes: Changes<typeof resources> },
  ): Promise<{ resource: Resource; job: Job }> => {
    const ownerId = actor.userId;
    const now = clock.now();
    const { job, insert } = jobs.prepare(ownerId, { type: 'fetch_resource', subjectId: id });
    const statements = [
      ...repository.requireRow(ownerId, { id, what: 'resource' }),
      guard,
      repository.countAccepted(ownerId, { id, now }),
      repository.update(ownerId, { id, changes: { ...changes, isAskedFor: true }, now }),
      jobs.supersede(ownerId, id),
      insert,
    ];
    const resource = await read(statements, { ownerId, id });
    jobs.wakeAfterAnswer([job.id]);
    return { resource, job };
  };

  const accept = (actor: Actor, id: string) =>
    fetchAnew(actor, {
      id,
      guard: repository.requireWithoutDocument(actor.userId, { id, refusal: alreadyAccepted }),
      changes: { status: 'pending', errorCode: null, errorMessage: null },
    });

  const requireCollection = (ownerId: string, id: string | null | undefined): Statement[] =>
    id ? [collections.requireLive(ownerId, { id, refusal: noSuchCollection })] : [];

  const newRow = (ownerId: string, { url, type, ...fields }: NewResource) => {
    const now = clock.now();
    return {
      id: ids.next(),
      ownerId,
      type,
      url,
      host: hostOf(url),
      title: fields.title ?? null,
      titleIsGiven: fields.title !== undefined,
      collectionId: fields.collectionId ?? null,
      tags: fields.tags ?? [],
      profile: fields.profile ?? null,
      autoAccept: fields.autoAccept ?? false,
      checkEveryHours: fields.checkEveryHours ?? (type === 'feed' ? FEED_CHECK_HOURS : null),
      createdAt: now,
      updatedAt: now,
    };
  };

  /** The address that the owner has already: fetched if nobody has wanted it before, or it could not be. */
  const addAgain = async (actor: Actor, url: string): Promise<AddedResource> => {
    const known = await repository.findByUrl(actor.userId, url);
    // Deleted just now: whoever asks again gets it.
    if (!known) throw notFound('resource');
    if (known.status === 'pending') return { resource: known, job: null };
    deps.audit.making({ type: 'resource', id: known.id });
    try {
      return await accept(actor, known.id);
    } catch (error) {
      if (error instanceof AppError && error.code === 'resource_accepted') return { resource: known, job: null };
      throw error;
    }
  };

  return {
    get,
    accept,

    list: (actor: Actor, options: ResourceFilter & PageRequest) => repository.list(actor.userId, options),

    /**
     * Takes an address in: a job fetches it. One that the owner has already stays the resource that it is.
     * @throws AppError `invalid_fields` for an address that is not of the web, as far as it can be seen.
     */
    async add(actor: Actor, { url: given, ...fields }: NewResource): Promise<AddedResource> {
      const ownerId = actor.userId;
      const url = normaliseUrl(given);
      if (url === undefined) throw addressRefused('Give an address with http or https.');
      const refusal = web.refusal(url);
      if (refusal !== undefined) throw addressRefused(refusal);
      const row = newRow(ownerId, { url, ...fields });
      const { job, insert } = jobs.prepare(ownerId, { type: 'fetch_resource', subjectId: row.id });
      deps.audit.making({ type: 'resource', id: row.id });
      try {
        const statements = [...requireCollection(ownerId, row.collectionId), repository.insert(row), insert];
        const resource = await read(statements, { ownerId, id: row.id });
        jobs.wakeAfterAnswer([job.id]);
        return { resource, job };
      } catch (error) {
        if (isUniqueViolation(error, 'resources.url')) return addAgain(actor, url);
        throw isForeignKeyViolation(error) ? ownerGone() : error;
      }
    },

    /** What is given holds for what is fetched from then on; documents that are there already stay as they are. */
    change(actor: Actor, { id, changes, expectedVersion }: Versioned & { changes: ResourceFields }): Promise<Resource> {
      const ownerId = actor.userId;
      const now = clock.now();
      const { title, checkEveryHours: hours } = changes;
      const named = title === undefined ? {} : { title, titleIsGiven: true };
      const due = hours === undefined ? {} : { dueAt: hours === null ? null : now + hours * HOUR_MS };
      return read(
        [
          ...repository.requireRow(ownerId, { id, what: 'resource', expectedVersion }),
          ...requireCollection(ownerId, changes.collectionId),
          repository.update(ownerId, { id, changes: { ...changes, ...named, ...due }, now }),
        ],
        { ownerId, id },
      );
    },

    /** Nobody wants it: it is not fetched, and its feed does not name it again. */
    dismiss(actor: Actor, id: string): Promise<Resource> {
      const ownerId = actor.userId;
      const now = clock.now();
      return read(
        [
          ...repository.requireRow(ownerId, { id, what: 'resource' }),
          repository.requireWithoutDocument(ownerId, { id, refusal: inUse }),
          repository.update(ownerId, { id, changes: { status: 'dismissed', dueAt: null }, now }),
          jobs.supersede(ownerId, id),
        ],
        { ownerId, id },
      );
    },

    /** Looks now whether it has changed. */
    check: (actor: Actor, id: string) =>
      fetchAnew(actor, {
        id,
        guard: repository.requireAccepted(actor.userId, { id, refusal: notAccepted }),
        changes: {},
      }),

    /** Forgets it. Its document stays; of a feed, what it has named and nobody has accepted goes with it. */
    async remove(actor: Actor, { id, expectedVersion }: Versioned): Promise<void> {
      const ownerId = actor.userId;
      await database.commit([
        ...repository.requireRow(ownerId, { id, what: 'resource', expectedVersion }),
        jobs.supersede(ownerId, id),
        ...repository.remove(ownerId, id),
      ]);
    },

    /** Makes jobs for what is due. What two ticks at once find is looked at once. @returns how many jobs. */
    async checkDue(): Promise<number> {
      const now = clock.now();
      const due = await repository.due({ now, limit: CHECKS_PER_SWEEP });
      if (due.length === 0) return 0;
      const subjects = due
        .filter(({ isWanted }) => isWanted)
        .map(({ id, ownerId }) => ({ ownerId, type: 'fetch_resource' as const, subjectId: id }));
      const prepared = jobs.prepareMany(subjects);
      try {
        await database.commit([
          ...repository.postpone(
            due.map(({ id }) => id),
            now,
          ),
          // A look every hour would leave thousands of rows a year.
          jobs.forgetSucceeded(subjects),
          prepared.insert,
        ]);
      } catch (error) {
        // The next tick looks again.
        if (error instanceof TakenMeanwhileError) return 0;
        throw error;
      }
      await jobs.wake(prepared.jobs.map(({ id }) => id));
      return prepared.jobs.length;
    },
  };
}

export type ResourcesService = ReturnType<typeof createResourcesService>;
