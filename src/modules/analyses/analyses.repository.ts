import { and, desc, eq, getTableColumns, inArray, isNotNull, lte, type SQL, sql } from 'drizzle-orm';
import { bulkInsert } from '../../db/bulk.ts';
import type { Database, Statement } from '../../db/client.ts';
import { keyset } from '../../db/keyset.ts';
import { also, inJson, integer, requireThat } from '../../db/sql.ts';
import type { ModelUse } from '../../platform/models/reading-models.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import { type Analysis, analysisResults } from './analyses.table.ts';
import type { AnalysisType } from './analysis-types.ts';

/** An analysis and whether it is about the bytes that the document has now. */
export type ListedAnalysis = Analysis & { isOfPresentContent: boolean };

export type ListAnalyses = PageRequest & { type?: AnalysisType | undefined; all: boolean };

/** What waits for a model, whoever it belongs to. */
export type Awaiting = Pick<Analysis, 'id' | 'ownerId' | 'documentId' | 'type'>;

/** A document that holds the same bytes, as a model has read them. */
export type Twin = Pick<Analysis, 'documentId' | 'contentId' | 'type'>;

/** Somebody else has taken up what waited. */
export class TakenUpError extends Error {
  override readonly name = 'TakenUpError';
}

const TABLE = analysisResults;

/** Rows of `analysis_results`. */
export function createAnalysesRepository(database: Database) {
  const { orm } = database;
  const of = (ownerId: string, documentId: string) =>
    and(eq(TABLE.documentId, documentId), also(TABLE.ownerId, ownerId));
  const presentContent = sql<number>`${TABLE.contentId} = (select documents.content_id from documents
    where documents.id = ${TABLE.documentId})`;

  const list = (ownerId: string, documentId: string, { type, all, ...request }: ListAnalyses) => {
    const { after, orderBy, limit, page } = keyset(request, { sort: TABLE.createdAt, id: TABLE.id });
    const current: SQL | undefined = all ? undefined : and(eq(TABLE.isCurrent, true), presentContent);
    const statement: Statement<(Analysis & { present: number })[]> = orm
      .select({ ...columns, present: presentContent.as('present') })
      .from(TABLE)
      .where(and(of(ownerId, documentId), current, type && eq(TABLE.type, type), after))
      .orderBy(...orderBy)
      .limit(limit);
    const read = (rows: (Analysis & { present: number })[]): Page<ListedAnalysis> => {
      const found = page(rows);
      return {
        ...found,
        items: found.items.map(({ present, ...row }) => ({ ...row, isOfPresentContent: present === 1 })),
      };
    };
    return { statement, read };
  };

  return {
    list,

    /** The current one of each type. */
    current: (ownerId: string, documentId: string): Statement<Analysis[]> =>
      orm
        .select()
        .from(TABLE)
        .where(and(of(ownerId, documentId), eq(TABLE.isCurrent, true))),

    /** All of several documents, for taking them along. */
    ofDocuments: (ownerId: string, documentIds: string[]): Promise<Analysis[]> =>
      orm
        .select()
        .from(TABLE)
        .where(and(inJson(TABLE.documentId, documentIds), also(TABLE.ownerId, ownerId)))
        .orderBy(TABLE.documentId, TABLE.createdAt, TABLE.id),

    /**
     * Makes these the current ones of their types. What the same analyser found of the same bytes before is replaced, and so
     * is what came to nothing; the rest stays as history.
     */
    record(ownerId: string, { documentId, rows }: { documentId: string; rows: Analysis[] }): Statement[] {
      if (rows.length === 0) return [];
      const given = JSON.stringify(
        rows.map(({ type, contentId, analyser, model }) => ({ type, contentId, analyser, model })),
      );
      const replaced = sql`exists (select 1 from json_each(${given}) as given where given.value ->> 'type' = ${TABLE.type}
        and (${TABLE.status} <> 'ready' or (given.value ->> 'contentId' = ${TABLE.contentId}
          and given.value ->> 'analyser' = ${TABLE.analyser} and given.value ->> 'model' is ${TABLE.model})))`;
      const types = rows.map(({ type }) => type);
      return [
        orm.delete(TABLE).where(and(of(ownerId, documentId), replaced)),
        orm
          .update(TABLE)
          .set({ isCurrent: false, awaits: null, dueAt: null })
          .where(and(of(ownerId, documentId), eq(TABLE.isCurrent, true), inJson(TABLE.type, types))),
        bulkInsert(database, TABLE, { rows, onConflict: 'fail' }),
      ];
    },

    /** Marks as queued what has no result yet: those that came to nothing, and those of which there is no row. */
    queue(
      ownerId: string,
      { documentId, rows }: { documentId: string; rows: Pick<Analysis, 'id' | 'type' | 'createdAt'>[] },
    ): Statement[] {
      const types = rows.map(({ type }) => type);
      const requeued = orm
        .update(TABLE)
        .set({ status: 'queued', reason: null, awaits: null, dueAt: null })
        .where(
          and(
            of(ownerId, documentId),
            eq(TABLE.isCurrent, true),
            sql`${TABLE.status} <> 'ready'`,
            inJson(TABLE.type, types),
          ),
        );
      const added = orm.run(sql`insert into analysis_results
          (id, owner_id, document_id, content_id, type, analyser, status, is_current, created_at)
        select given.value ->> 'id', documents.owner_id, documents.id, documents.content_id, given.value ->> 'type', 'none',
          'queued', 1, cast(given.value ->> 'createdAt' as integer)
        from documents cross join json_each(${JSON.stringify(rows)}) as given
        where documents.id = ${documentId} and +documents.owner_id = ${ownerId} and not exists
          (select 1 from analysis_results as known where known.document_id = documents.id
            and known.type = given.value ->> 'type' and known.is_current = 1)`);
      return [requeued, added];
    },

    /** Forgets what is known of bytes that are gone. */
    forgetContent: (ownerId: string, { documentId, contentId }: { documentId: string; contentId: string }): Statement =>
      orm.delete(TABLE).where(and(of(ownerId, documentId), eq(TABLE.contentId, contentId))),

    /** What becomes of queued ones when their job ends without success. */
    failQueued: (ownerId: string, { documentId, reason }: { documentId: string; reason: string }): Statement =>
      orm
        .update(TABLE)
        .set({ status: 'failed', reason })
        .where(and(of(ownerId, documentId), eq(TABLE.isCurrent, true), eq(TABLE.status, 'queued'))),

    /** What waits for one of these uses and is due, the longest waiting first. */
    awaiting: (uses: ModelUse[], { now, limit }: { now: number; limit: number }): Promise<Awaiting[]> =>
      orm
        .select({ id: TABLE.id, ownerId: TABLE.ownerId, documentId: TABLE.documentId, type: TABLE.type })
        .from(TABLE)
        .where(and(isNotNull(TABLE.awaits), inArray(TABLE.awaits, uses), lte(TABLE.dueAt, now)))
        .limit(limit),

    /** Takes up what waited, unless somebody else has: then the batch is undone. */
    takeUp: (ids: string[]): Statement[] => [
      orm
        .update(TABLE)
        .set({ status: 'queued', reason: null, awaits: null, dueAt: null })
        .where(and(inJson(TABLE.id, ids), isNotNull(TABLE.awaits))),
      requireThat(database, {
        condition: sql`changes() = ${integer(ids.length)}`,
        refusal: () => new TakenUpError('Somebody else has taken up what waited for a model.'),
      }),
    ],

    /** The owner's other documents with these bytes of which the model has read something. */
    twins: (
      ownerId: string,
      { sha256, documentId, models }: { sha256: string; documentId: string; models: string[] },
    ): Promise<Twin[]> =>
      orm
        .select({ documentId: TABLE.documentId, contentId: TABLE.contentId, type: TABLE.type })
        .from(TABLE)
        .where(
          and(
            sql`${TABLE.documentId} in (select documents.id from documents where documents.owner_id = ${ownerId}
              and documents.sha256 = ${sha256})`,
            presentContent,
            sql`${TABLE.documentId} <> ${documentId}`,
            eq(TABLE.status, 'ready'),
            inJson(TABLE.model, models),
          ),
        )
        .orderBy(desc(TABLE.createdAt))
        .limit(MAX_TWINS),
  };
}

const MAX_TWINS = 20;

const columns = getTableColumns(TABLE);
