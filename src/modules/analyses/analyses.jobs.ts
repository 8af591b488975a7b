import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import { MODEL_USES, ModelError, type ModelUse, type ReadingModels } from '../../platform/models/reading-models.ts';
import type { Archive, Reading } from '../ingestion/archive.ts';
import type { Attempt, Completion, JobHandler } from '../ingestion/job-runner.ts';
import { placeOf } from '../library/document-content.ts';
import type { DocumentProcessing } from '../library/document-processing.ts';
import { subjectOf } from '../library/library.jobs.ts';
import { ANALYSERS } from './analysers/analysers.ts';
import { createAnalysesRepository } from './analyses.repository.ts';
import type { Analysis } from './analyses.table.ts';
import { ANALYSIS_TYPES, type AnalysisType } from './analysis-types.ts';
import * as outcomes from './model-outcomes.ts';
import { createModelSteps } from './model-steps.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  archive: Archive;
  models: ReadingModels;
  documents: Pick<DocumentProcessing, 'select' | 'readAgain'>;
};

type Subject = {
  attempt: Attempt;
  document: Awaited<ReturnType<DocumentProcessing['select']>>[number];
  reading: Reading;
  /** The current ones, of the bytes that there are now. */
  known: Map<AnalysisType, Analysis>;
  /** Those that somebody asked for by name; otherwise all that apply. */
  asked: AnalysisType[] | undefined;
};

/** What took the isolate down so often must not keep the other analyses from being made. */
const MAX_MODEL_ATTEMPTS = 4;

/**
 * Analyses a document that has been read, after it can be found. What a model reads becomes part of the text: the document
 * is then read again, and analysed after that. Nothing that goes wrong here changes the document's state.
 */
export function createAnalysing(deps: Deps): JobHandler {
  const { database, clock, logger, archive, models } = deps;
  const repository = createAnalysesRepository(database);
  const steps = createModelSteps(deps);

  const isWanted = ({ asked }: Subject, type: AnalysisType) => asked === undefined || asked.includes(type);

  const begin = async (attempt: Attempt): Promise<Subject | undefined> => {
    const { ownerId, checkpoint } = attempt.job;
    const id = subjectOf(attempt.job);
    const [, found, current] = await database.commit([
      attempt.requireLease(),
      deps.documents.select(ownerId, id),
      repository.current(ownerId, id),
    ]);
    const [document] = found;
    const reading = document?.status === 'ready' ? await archive.getReading(placeOf(document)) : undefined;
    if (!document || !reading) return undefined;
    const ofPresent = current.filter(({ contentId }) => contentId === document.contentId);
    const known = new Map(ofPresent.map((analysis) => [analysis.type, analysis]));
    return { attempt, document, reading, known, asked: typesIn(checkpoint['types']) };
  };

  /** Documents with the same bytes are looked for only when a model might have to be paid. */
  const twinsOf = async ({ document, reading }: Subject, uses: ModelUse[]) => {
    const { ownerId, sha256, id: documentId } = document;
    const unread = uses.filter(
      (use) => !reading.models.some(({ step, model }) => step === use && model === models.modelFor(use)),
    );
    const names = unread.flatMap((use) => models.modelFor(use) ?? []);
    if (names.length === 0) return [];
    const twins = await repository.twins(ownerId, { sha256, documentId, models: names });
    return twins.map((twin) => ({ ownerId, ...twin }));
  };

  const readByModels = async (subject: Subject) => {
    const uses = MODEL_USES.filter((use) => subject.reading.wanted.includes(use) && isWanted(subject, use));
    const twins = await twinsOf(subject, uses);
    return Promise.all(
      uses.map((use) => readByModel(use, { subject, twins: twins.filter(({ type }) => type === use) })),
    );
  };

  type Twins = Awaited<ReturnType<typeof twinsOf>>;

  const readByModel = async (use: ModelUse, { subject, twins }: { subject: Subject; twins: Twins }) => {
    const { attempt, document, reading, known } = subject;
    const model = models.modelFor(use);
    if (model === undefined) return { outcome: outcomes.withoutModel(use, clock.now()), isNew: false };
    try {
      if (attempt.job.attempts > MAX_MODEL_ATTEMPTS)
        throw new ModelError('refused', 'The file took its reader down each time.');
      const read = await steps.run(use, {
        place: placeOf(document),
        reading,
        filename: document.filename,
        twins,
        onProgress: (done, total) => attempt.heartbeat({ step: use, processedItems: done, totalItems: total }),
        beforeKeeping: attempt.prove,
      });
      return { outcome: outcomes.modelOutcome(read.reading), isNew: read.isNew };
    } catch (error) {
      if (!outcomes.isModelError(error)) throw error;
      logger.warn('analysis.model_failed', { jobId: attempt.job.id, use, model, failure: error.failure });
      const tries = known.get(use)?.tries ?? 0;
      return { outcome: outcomes.afterModelError(error, { type: use, model, tries, now: clock.now() }), isNew: false };
    }
  };

  /** One analyser that stumbles keeps no other from its work. */
  const analyse = async (subject: Subject): Promise<outcomes.Outcome[]> => {
    const found: outcomes.Outcome[] = [];
    for (const analyser of Object.values(ANALYSERS)) {
      const { type, version } = analyser;
      if (!isWanted(subject, type)) continue;
      try {
        const result = await analyser.analyse(subject.reading);
        if (result !== undefined) found.push(outcomes.localOutcome(type, version, result));
      } catch (error) {
        logger.error('analysis.failed', error, { jobId: subject.attempt.job.id, type });
        found.push(outcomes.stumbled(type, version));
      }
      // They compute right here: let whoever waits for this isolate have a turn.
      await clock.sleep(0);
    }
    return found;
  };

  const complete = ({ attempt, document, known, asked }: Subject, found: outcomes.Outcome[]) => {
    const { ownerId } = attempt.job;
    const missing = (asked ?? []).filter((type) => !found.some((outcome) => outcome.type === type));
    const all = [...found, ...missing.map(outcomes.notApplicable)];
    // A result that there is stays when another attempt comes to nothing.
    const kept = all.filter(({ status, type }) => status === 'ready' || known.get(type)?.status !== 'ready');
    const base = {
      ownerId,
      documentId: document.id,
      contentId: document.contentId,
      isCurrent: true,
      createdAt: clock.now(),
    };
    const rows = kept.map((outcome): Analysis => ({ id: deps.ids.next(), ...base, ...outcome }));
    const without = all.filter(({ status }) => status !== 'ready').map(({ type }) => type);
    return {
      result: { ready: all.length - without.length, without },
      statements: repository.record(ownerId, { documentId: document.id, rows }),
    };
  };

  return {
    async run(attempt): Promise<Completion> {
      const subject = await begin(attempt);
      // It is being read, which ends in another job like this one; or it could not be, and has nothing to analyse.
      if (!subject) return { result: { ready: 0, without: [] }, statements: failQueued(attempt.job) };
      const { ownerId } = attempt.job;
      const read = await readByModels(subject);
      const byModels = read.map(({ outcome }) => outcome);
      if (!read.some(({ isNew }) => isNew)) return complete(subject, [...byModels, ...(await analyse(subject))]);
      const { job, insert } = deps.documents.readAgain(ownerId, subject.document.id);
      const { result, statements } = complete({ ...subject, asked: undefined }, byModels);
      return { result, statements: [...statements, insert], makes: [job.id] };
    },
    onFailure: failQueued,
  };

  function failQueued(job: Attempt['job']) {
    const reason = 'The analysis was stopped, or failed; it can be asked for again.';
    return [repository.failQueued(job.ownerId, { documentId: subjectOf(job), reason })];
  }
}

function typesIn(value: unknown): AnalysisType[] | undefined {
  return Array.isArray(value) ? ANALYSIS_TYPES.filter((type) => value.includes(type)) : undefined;
}
