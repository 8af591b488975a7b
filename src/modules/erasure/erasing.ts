import type { Database } from '../../db/client.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type { Attempts } from '../../limit-objects/attempts.ts';
import type { RequestLimits } from '../../limit-objects/request-limits.ts';
import type { Outbox } from '../../platform/mail/outbox.ts';
import type { VectorStore } from '../../platform/vectors/vector-store.ts';
import type { AccountClosing, AccountNames } from '../identity/account-closing.ts';
import type { Archive } from '../ingestion/archive.ts';
import type { LibraryErasure } from '../library/library-erasure.ts';
import type { UploadsService } from '../uploads/uploads.service.ts';
import type { Remains } from './erasure.table.ts';
import { createOwnedRowsRepository } from './owned-rows.repository.ts';
import { OWNER_COLUMNS } from './owner-columns.ts';

type Deps = {
  database: Database;
  archive: Archive;
  vectors: VectorStore;
  indexOf: IndexOf;
  requestLimits: RequestLimits;
  attempts: Attempts;
  outbox: Outbox | undefined;
  libraryErasure: LibraryErasure;
  uploads: Pick<UploadsService, 'abortAll'>;
  accountClosing: AccountClosing;
};

type Work = {
  /** Called between pieces of work: throws when somebody else has taken over. */
  sign: () => Promise<void>;
  /** Mails that were sent later are somebody else's, who has the address now. */
  mailedBefore: number;
};

/** Everything that the stores hold of one account: taken away, and looked for. Both may be done at any time, again and again. */
export function createErasing(deps: Deps) {
  const { archive, vectors, indexOf, requestLimits, attempts, outbox, libraryErasure, uploads, accountClosing } = deps;
  const rows = createOwnedRowsRepository(deps.database);

  const forgetCounts = async ({ ownerId: userId, keyIds, guarded }: AccountNames): Promise<number> => {
    const left = await Promise.all([requestLimits.forget({ userId, keyIds }), attempts.forget(guarded)]);
    return left[0] + left[1];
  };

  return {
    /** Empties every store but for the user's own row, in pieces. */
    async clear(names: AccountNames, { sign, mailedBefore }: Work): Promise<void> {
      const { ownerId } = names;
      // By the documents' rows, which go next; where the vectors lie in the index, they go with it.
      if (vectors.consistency === 'eventual') for await (const _ of libraryErasure.removeVectors(ownerId)) await sign();
      await uploads.abortAll(ownerId);
      for (const column of OWNER_COLUMNS) while (await rows.removeSome(ownerId, column)) await sign();
      for await (const _ of archive.removeOwner(ownerId)) await sign();
      await indexOf(ownerId).clear();
      await outbox?.removeTo(names.addresses, mailedBefore);
      await forgetCounts(names);
      await sign();
    },

    /** Looks for what is left, everywhere. What it finds is on its way out, but this was no proof. */
    async prove(names: AccountNames, { mailedBefore }: Pick<Work, 'mailedBefore'>): Promise<Remains> {
      const { ownerId } = names;
      const [inTables, users, objects, mails, found, counters] = await Promise.all([
        rows.count(ownerId, OWNER_COLUMNS),
        accountClosing.count(ownerId),
        archive.countOwner(ownerId),
        outbox?.removeTo(names.addresses, mailedBefore),
        vectors.removeOwner(ownerId),
        forgetCounts(names),
      ]);
      // Last, for asking the index for its vectors needs its tables.
      const index = await indexOf(ownerId).erase();
      return { rows: { ...inTables, 'users.id': users }, objects, mails: mails ?? 0, vectors: found, index, counters };
    },
  };
}

export type Erasing = ReturnType<typeof createErasing>;

/** How much is left in all. */
export const totalOf = ({ rows, ...stores }: Remains): number =>
  [...Object.values(rows), ...Object.values(stores)].reduce((total, count) => total + count, 0);
