import type { Database } from '../../db/client.ts';
import type { Actor } from '../../shared/actor.ts';
import { decodeCursor, encodeCursor, InvalidCursorError, type Page } from '../../shared/page.ts';
import { type AuditFilter, type AuditPage, createAuditRepository, type SealedEntry } from './audit.repository.ts';

export type { AuditFilter, SealedEntry } from './audit.repository.ts';

type Deps = { database: Database };

export type ListAudit = AuditFilter & { limit: number; cursor?: string | undefined };

/** Lists whose cursors must not be taken for one another's. */
const LOG = 'audit-logs';
const HISTORY = 'security-events';

/** What one read of an export takes into memory. */
const EXPORT_PAGE = 500;

/** Reading the audit log. Newest first; exports go from the oldest, as the chain does. */
export function createAuditLogService({ database }: Deps) {
  const repository = createAuditRepository(database);

  type Reader = (page: AuditPage) => PromiseLike<SealedEntry[]>;
  type PageOfList = { limit: number; cursor?: string | undefined; list: string };

  const pageOf = async (read: Reader, { limit, cursor, list }: PageOfList): Promise<Page<SealedEntry>> => {
    const after = cursor === undefined ? undefined : seqIn(cursor, list);
    const rows = await read({ after, order: 'desc', limit: limit + 1 });
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const isLast = !last || rows.length <= limit;
    return { items, nextCursor: isLast ? null : encodeCursor({ value: last.seq, id: last.id }, list) };
  };

  return {
    list: ({ limit, cursor, ...filter }: ListAudit): Promise<Page<SealedEntry>> =>
      pageOf((page) => repository.list(filter, page), { limit, cursor, list: LOG }),

    /** What concerns the security of one's own account. */
    listOwn: ({ userId }: Actor, { limit, cursor }: { limit: number; cursor?: string | undefined }) =>
      pageOf((page) => repository.listSecurity(userId, page), { limit, cursor, list: HISTORY }),

    /** All entries that match, oldest first, some hundred at a time. What is added meanwhile may be among them. */
    async *all(filter: AuditFilter): AsyncGenerator<SealedEntry[]> {
      for (let after: number | undefined = 0; after !== undefined; ) {
        const entries: SealedEntry[] = await repository.list(filter, { after, order: 'asc', limit: EXPORT_PAGE });
        if (entries.length > 0) yield entries;
        after = entries.length < EXPORT_PAGE ? undefined : entries.at(-1)?.seq;
      }
    },
  };
}

export type AuditLogService = ReturnType<typeof createAuditLogService>;

function seqIn(cursor: string, list: string): number {
  const { value } = decodeCursor(cursor, list);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidCursorError('The cursor is not one that this list gave.');
}
