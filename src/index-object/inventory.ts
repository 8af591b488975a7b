import type { IndexStatistics } from './index.types.ts';
import type { DescribeRequest, DescribeResult, DocumentDescription } from './index-results.types.ts';
import type { VectorModel } from './settings.ts';

const DESCRIBE_PAGE_DEFAULT = 500;
const DESCRIBE_PAGE_MAX = 1000;

type DescriptionRow = {
  documentId: string;
  revision: number;
  contentRevision: number | null;
  chunks: number;
  vectors: number;
  visible: number;
};

const SELECT_DESCRIPTION = `SELECT d.document_id AS documentId, d.revision, g.revision AS contentRevision,
    coalesce(g.chunks, 0) AS chunks, coalesce(g.vectors, 0) AS vectors, d.visible
  FROM documents d LEFT JOIN generations g ON g.number = d.generation`;

/** What the index holds, document by document, in the order of their ids. */
export function describeDocuments(sql: SqlStorage, { ids, after, limit }: DescribeRequest): DescribeResult {
  if (ids !== undefined) {
    const rows = sql.exec<DescriptionRow>(
      `${SELECT_DESCRIPTION} WHERE d.document_id IN (SELECT value FROM json_each(?)) ORDER BY d.document_id`,
      JSON.stringify(ids),
    );
    return { documents: rows.toArray().map(present), next: null };
  }
  const size = Math.min(Math.max(limit ?? DESCRIBE_PAGE_DEFAULT, 1), DESCRIBE_PAGE_MAX);
  const rows = sql.exec<DescriptionRow>(
    `${SELECT_DESCRIPTION} WHERE d.document_id > ? ORDER BY d.document_id LIMIT CAST(? AS INTEGER)`,
    after ?? '',
    size,
  );
  const documents = rows.toArray().map(present);
  return { documents, next: documents.length === size ? (documents.at(-1)?.documentId ?? null) : null };
}

function present(row: DescriptionRow): DocumentDescription {
  return { ...row, visible: row.visible === 1 };
}

type Totals = { documents: number; chunks: number; vectors: number; staged: number };

/** Counts over the whole index. Reads one row per document. */
export function readStatistics(
  sql: SqlStorage,
  { model, memoryBytes }: { model: VectorModel | undefined; memoryBytes: number },
): IndexStatistics {
  const totals = sql
    .exec<Totals>(
      `SELECT (SELECT count(*) FROM documents WHERE generation IS NOT NULL) AS documents,
        coalesce(sum(chunks) FILTER (WHERE staged = 0), 0) AS chunks,
        coalesce(sum(vectors) FILTER (WHERE staged = 0), 0) AS vectors,
        coalesce(sum(staged), 0) AS staged
      FROM generations`,
    )
    .one();
  return {
    ...totals,
    model: totals.vectors === 0 ? null : (model?.model ?? null),
    dimension: totals.vectors === 0 ? null : (model?.dimension ?? null),
    databaseBytes: sql.databaseSize,
    memoryBytes,
  };
}
