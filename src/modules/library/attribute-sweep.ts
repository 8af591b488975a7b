import type { Database } from '../../db/client.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type { Logger } from '../../platform/logger.ts';
import { createAttributeSweepRepository } from './attribute-sweep.repository.ts';
import { createDocumentsRepository } from './documents.repository.ts';
import { toIndexedDocument } from './indexed-document.ts';

type Deps = { database: Database; logger: Logger; indexOf: IndexOf };

/** At one tick; the rest at the next ones. */
const DOCUMENTS_PER_SWEEP = 200;

/** Sends the indexes what they have learned to filter by since they were told of a document. */
export function createAttributeSweep({ database, logger, indexOf }: Deps) {
  const unsent = createAttributeSweepRepository(database);
  const documents = createDocumentsRepository(database);

  /** @returns those that the index has taken, or knows better. */
  const send = async (ownerId: string, ids: string[]): Promise<string[]> => {
    try {
      for (const document of await documents.findFiled(ownerId, ids)) {
        await indexOf(ownerId).updateDocument(toIndexedDocument(document));
      }
      return ids;
    } catch (error) {
      logger.error('sweep.attributes_postponed', error, { ownerId });
      return [];
    }
  };

  return {
    /** @returns how many documents it has sent. */
    async run(): Promise<number> {
      const found = await unsent.find(DOCUMENTS_PER_SWEEP);
      const sent: string[] = [];
      for (const [ownerId, ofOwner] of Map.groupBy(found, (document) => document.ownerId)) {
        const ids = ofOwner.map(({ id }) => id);
        sent.push(...(await send(ownerId, ids)));
      }
      // Whom nothing could be sent to now stands behind the others.
      if (found.length > 0) await database.commit(unsent.settle(found, sent));
      return sent.length;
    },
  };
}
