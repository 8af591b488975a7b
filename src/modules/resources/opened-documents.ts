import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { WriteBuffer } from '../../shared/write-buffer.ts';
import type { FiledDocument } from '../library/documents.service.ts';
import { createResourcesRepository, type Opened } from './resources.repository.ts';

export type OpenedDocument = Omit<Opened, 'times'>;

type Deps = {
  database: Database;
  clock: Clock;
  logger: Logger;
  recentlyOpened: WriteBuffer<OpenedDocument>;
  waitUntil: (work: Promise<unknown>) => void;
};

/** Some documents opened one after the other are one write. */
export const OPENED_DELAY_MS = 1_000;

/** Counts how often documents from the web are opened. Nobody waits for it, and what dies with an isolate is not counted. */
export function createOpenedDocuments({ database, clock, logger, recentlyOpened, waitUntil }: Deps) {
  const repository = createResourcesRepository(database);

  const flush = async () => {
    const opened = counted(recentlyOpened.take());
    try {
      if (opened.length > 0) await repository.countOpened(opened);
    } catch (error) {
      logger.error('resources.opened_not_counted', error, { documents: opened.length });
    }
  };

  return {
    note({ ownerId, id: documentId, metadata }: FiledDocument): void {
      // Most documents come from elsewhere: no write is spent on them.
      if (metadata['resourceId'] === undefined) return;
      if (recentlyOpened.add({ ownerId, documentId, at: clock.now() })) {
        waitUntil(clock.sleep(OPENED_DELAY_MS).then(flush));
      }
    },
  };
}

function counted(opened: OpenedDocument[]): Opened[] {
  const byDocument = Map.groupBy(opened, ({ ownerId, documentId }) => `${ownerId} ${documentId}`);
  return [...byDocument.values()].flatMap((same) => {
    const [last] = same.slice(-1);
    return last ? [{ ...last, times: same.length }] : [];
  });
}
