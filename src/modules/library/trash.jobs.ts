import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Attempt, JobHandler } from '../ingestion/job-runner.ts';
import { collectionLabel } from './indexed-document.ts';
import { subjectOf } from './library.jobs.ts';
import { createTrashRepository } from './trash.repository.ts';
import { trashCutoff } from './trash.service.ts';

type Deps = { database: Database; clock: Clock; config: Pick<Config, 'TRASH_DAYS'>; indexOf: IndexOf };

/** Removes a collection that has been in the trash for too long, with the collections in it. Its documents stay. */
export function createDeleteCollection({ database, clock, config, indexOf }: Deps): JobHandler {
  const repository = createTrashRepository(database);

  /** What it consisted of when the first attempt began: afterwards only the index still knows. */
  const partsOf = async ({ job, checkpoint }: Attempt, collectionId: string): Promise<string[]> => {
    const { parts } = job.checkpoint;
    if (Array.isArray(parts)) return parts.map(String);
    const found = await repository.subtree(job.ownerId, collectionId);
    await checkpoint({ step: 'remove', checkpoint: { parts: found }, totalItems: found.length });
    return found;
  };

  return {
    async run(attempt) {
      const { ownerId } = attempt.job;
      const id = subjectOf(attempt.job);
      const parts = await partsOf(attempt, id);
      const cutoff = trashCutoff(config, clock.now());
      await database.commit([attempt.requireLease(), repository.removeCollection(ownerId, { id, cutoff })]);
      const rows = await repository.countCollections(ownerId, parts);
      // Brought back before its time was over.
      if (rows > 0) return { result: { removed: false }, statements: [] };
      const labels = await indexOf(ownerId).dropLabels(parts.map(collectionLabel));
      return { result: { removed: true, remaining: { rows, labels } }, statements: [] };
    },
    onFailure: () => [],
  };
}
