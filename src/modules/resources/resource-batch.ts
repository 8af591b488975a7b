import type { Database, Statement } from '../../db/client.ts';
import { isForeignKeyViolation, isUniqueViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Web } from '../../platform/web/web.ts';
import type { Actor } from '../../shared/actor.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { Job, JobsService, JobView } from '../ingestion/ingestion.service.ts';
import type { Failure } from '../ingestion/job-lifecycle.ts';
import type { CollectionsService } from '../library/collections.service.ts';
import { noSuchCollection, ownerGone } from '../library/documents.errors.ts';
import { createResourceBatchRepository } from './resource-batch.repository.ts';
import { hostOf, normaliseUrl } from './resource-url.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  web: Web;
  jobs: JobsService;
  collections: CollectionsService;
  audit: Pick<AuditService, 'making'>;
};

/** Addresses that are wanted, and how what is there is filed. */
export type WantedUrls = {
  urls: string[];
  collectionId?: string | undefined;
  tags?: string[] | undefined;
  profile?: string | null | undefined;
};

/** How often it is tried while somebody else adds the same addresses. */
const MAX_TRIES = 3;

/** Taking many addresses in at once: one job for the whole, of which each address is an item. */
export function createResourceBatch(deps: Deps) {
  const { database, clock, ids, web, jobs } = deps;
  const repository = createResourceBatchRepository(database);

  /** The addresses as they are known by, each once, and those that are none. */
  const sort = (given: string[]) => {
    const urls = new Set<string>();
    const refused: { filename: string; failure: Failure }[] = [];
    for (const text of given) {
      const url = normaliseUrl(text);
      const reason = url === undefined ? 'Give an address with http or https.' : web.refusal(url);
      if (url !== undefined && reason === undefined) urls.add(url);
      else refused.push({ filename: text, failure: { code: 'invalid_url', message: reason ?? '' } });
    }
    return { urls: [...urls], refused };
  };

  const commit = async (ownerId: string, wanted: WantedUrls): Promise<{ batch: JobView; jobIds: string[] }> => {
    const now = clock.now();
    const { urls, refused } = sort(wanted.urls);
    const known = new Map((await repository.atUrls(ownerId, urls)).map(({ id, url }) => [url, id]));
    const subjects = urls.map((url) => ({ id: known.get(url) ?? ids.next(), filename: url }));
    const { collectionId, tags = [], profile = null } = wanted;
    const filing = { collectionId: collectionId ?? null, tags, profile, createdAt: now, updatedAt: now };
    const rows = subjects
      .filter(({ filename }) => !known.has(filename))
      .map(({ id, filename: url }) => ({ id, ownerId, url, host: hostOf(url), ...filing }));
    const knownIds = [...known.values()];
    const { batch, jobIds, inserts } = jobs.prepareBatch(ownerId, { type: 'fetch_resource', subjects, refused });
    deps.audit.making({ type: 'job', id: batch.id });
    const required = collectionId === undefined ? [] : [collectionId];
    await database.commit([
      ...required.map((id) => deps.collections.requireLive(ownerId, { id, refusal: noSuchCollection })),
      ...repository.want(ownerId, { ids: knownIds, now }),
      jobs.supersedeMany(knownIds.map((subjectId) => ({ ownerId, subjectId }))),
      repository.insertAll(rows),
      ...inserts,
    ]);
    return { batch, jobIds };
  };

  return {
    /**
     * Takes addresses in: a job fetches each, and what it finds is read by another. Those that the owner has already are
     * looked at again. An address that is none is a failed item, and no failure of the others.
     */
    async create(actor: Actor, wanted: WantedUrls): Promise<JobView> {
      for (let tries = 1; ; tries++) {
        try {
          const { batch, jobIds } = await commit(actor.userId, wanted);
          jobs.wakeAfterAnswer(jobIds);
          return batch;
        } catch (error) {
          if (isUniqueViolation(error, 'resources.url') && tries < MAX_TRIES) continue;
          throw isForeignKeyViolation(error) ? ownerGone() : error;
        }
      }
    },

    /** Committed with the end of a batch that was cancelled. */
    stopped: (job: Job, failure: Failure): Statement[] => [
      repository.markUnfetched(job.ownerId, { batchId: job.id, failure, now: clock.now() }),
    ],
  };
}

export type ResourceBatch = ReturnType<typeof createResourceBatch>;
