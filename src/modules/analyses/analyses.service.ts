import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import { MODEL_USES, type ReadingModels } from '../../platform/models/reading-models.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { Page } from '../../shared/page.ts';
import type { JobsService } from '../ingestion/ingestion.service.ts';
import type { DocumentsService } from '../library/documents.service.ts';
import {
  createAnalysesRepository,
  type ListAnalyses,
  type ListedAnalysis,
  TakenUpError,
} from './analyses.repository.ts';
import type { Analysis } from './analyses.table.ts';
import type { AnalysisType } from './analysis-types.ts';

export type { ListedAnalysis } from './analyses.repository.ts';
export type { Analysis } from './analyses.table.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  models: ReadingModels;
  jobs: JobsService;
  documents: DocumentsService;
};

/** Analyses taken up at one tick; the rest at the next ones. */
const MAX_PER_SWEEP = 100;

/** What is known of documents beyond their text. */
export function createAnalysesService({ database, clock, ids, models, jobs, documents }: Deps) {
  const repository = createAnalysesRepository(database);

  return {
    /** Forgets what is known of bytes that are gone. */
    forgetContent: repository.forgetContent,

    async list(actor: Actor, { id, ...options }: ListAnalyses & { id: string }): Promise<Page<ListedAnalysis>> {
      const analyses = repository.list(actor.userId, id, options);
      const [[document], rows] = await database.commit([
        documents.select(actor.userId, id, 'exclude'),
        analyses.statement,
      ]);
      if (!document) throw notFound('document');
      return analyses.read(rows);
    },

    /** Makes some analyses anew, by a job. */
    async request(actor: Actor, { id, types }: { id: string; types: AnalysisType[] }) {
      const { userId } = actor;
      const work = { type: 'analyse_document', subjectId: id, checkpoint: { types } } as const;
      const { job, insert } = jobs.prepare(userId, work);
      const rows = types.map((type) => ({ id: ids.next(), type, createdAt: clock.now() }));
      const [document] = await database.commitAndRead(
        [...documents.requireReady(userId, id), ...repository.queue(userId, { documentId: id, rows }), insert],
        documents.select(userId, id),
      );
      if (!document) throw notFound('document');
      jobs.wakeAfterAnswer([job.id]);
      return { document, job };
    },

    /** All of several documents, by document, oldest first. */
    async ofDocuments(ownerId: string, documentIds: string[]): Promise<Map<string, Analysis[]>> {
      return Map.groupBy(await repository.ofDocuments(ownerId, documentIds), ({ documentId }) => documentId);
    },

    /**
     * Makes jobs for what waits for a model that is there by now, or that failed a while ago, whoever it belongs to. What
     * two ticks at once find is taken up once. @returns how many analyses.
     */
    async resume(): Promise<number> {
      const uses = MODEL_USES.filter((use) => models.modelFor(use) !== undefined);
      if (uses.length === 0) return 0;
      const found = await repository.awaiting(uses, { now: clock.now(), limit: MAX_PER_SWEEP });
      if (found.length === 0) return 0;
      const works = [...Map.groupBy(found, ({ documentId }) => documentId).values()].map((ofOne) => ({
        type: 'analyse_document' as const,
        ownerId: ofOne[0]?.ownerId ?? '',
        subjectId: ofOne[0]?.documentId ?? '',
        checkpoint: { types: ofOne.map(({ type }) => type) },
      }));
      const prepared = jobs.prepareMany(works);
      try {
        await database.commit([...repository.takeUp(found.map(({ id }) => id)), prepared.insert]);
      } catch (error) {
        // The next tick looks again.
        if (error instanceof TakenUpError) return 0;
        throw error;
      }
      await jobs.wake(prepared.jobs.map(({ id }) => id));
      return found.length;
    },
  };
}

export type AnalysesService = ReturnType<typeof createAnalysesService>;
