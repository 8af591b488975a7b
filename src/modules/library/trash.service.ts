import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { JobsService } from '../ingestion/ingestion.service.ts';
import { BroughtBackError, createTrashRepository } from './trash.repository.ts';

type Deps = { database: Database; clock: Clock; config: Pick<Config, 'TRASH_DAYS'>; jobs: JobsService };

const DAY_MS = 24 * 60 * 60 * 1000;
/** At one tick; the rest at the next ones. */
const DOCUMENTS_PER_SWEEP = 100;
const COLLECTIONS_PER_SWEEP = 50;

/** When what is in the trash has to have gone there, at the latest, to be deleted for good now. */
export const trashCutoff = (config: Pick<Config, 'TRASH_DAYS'>, now: number) => now - config.TRASH_DAYS * DAY_MS;

/** Emptying everybody's trash of what has been there for too long. */
export function createTrashService({ database, clock, config, jobs }: Deps) {
  const repository = createTrashRepository(database);

  return {
    /** Makes jobs that delete what is due. What two ticks at once find is deleted once. @returns how many jobs. */
    async purge(): Promise<number> {
      const now = clock.now();
      const cutoff = trashCutoff(config, now);
      const [documents, collections] = await database.commit([
        repository.dueDocuments({ cutoff, limit: DOCUMENTS_PER_SWEEP }),
        repository.dueCollections({ cutoff, limit: COLLECTIONS_PER_SWEEP }),
      ]);
      if (documents.length + collections.length === 0) return 0;
      const prepared = jobs.prepareMany([
        ...documents.map(({ id, ownerId }) => ({ ownerId, type: 'delete_document' as const, subjectId: id })),
        ...collections.map(({ id, ownerId }) => ({ ownerId, type: 'delete_collection' as const, subjectId: id })),
      ]);
      const ids = documents.map(({ id }) => id);
      try {
        await database.commit([
          ...(ids.length > 0 ? repository.beginDeletion(ids, { cutoff, now }) : []),
          jobs.supersedeMany(documents.map(({ id, ownerId }) => ({ ownerId, subjectId: id }))),
          prepared.insert,
        ]);
      } catch (error) {
        // The next tick looks again.
        if (error instanceof BroughtBackError) return 0;
        throw error;
      }
      await jobs.wake(prepared.jobs.map(({ id }) => id));
      return prepared.jobs.length;
    },
  };
}

export type TrashService = ReturnType<typeof createTrashService>;
