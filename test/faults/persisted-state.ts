import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What a stopped server left on disk, read past its code: the catalogue (D1), the archive (R2), the indexes. */

export type CataloguedDocument = {
  id: string;
  filename: string;
  status: string;
  errorCode: string | null;
  chunkCount: number;
  contentId: string;
  /** The document that it came out of. */
  parentId: string | null;
};
export type IndexCount = { documentId: string; chunks: number; words: number; vectors: number; staged: number };

const FOLDERS = {
  catalogue: 'd1/miniflare-D1DatabaseObject',
  archive: 'r2/miniflare-R2BucketObject',
  index: 'do/commonplace-LibraryIndex',
} as const;

export function readCatalogue(persistTo: string): CataloguedDocument[] {
  return query<CataloguedDocument>(persistTo, {
    from: 'catalogue',
    sql: `SELECT id, filename, status, error_code AS errorCode, chunk_count AS chunkCount, content_id AS contentId,
      parent_document_id AS parentId FROM documents`,
  });
}

/** Jobs that somebody would still have to run. */
export function readOpenJobs(persistTo: string): { id: string; status: string }[] {
  return query(persistTo, {
    from: 'catalogue',
    sql: 'SELECT id, status FROM processing_jobs WHERE due_at IS NOT NULL',
  });
}

/** Jobs that were given up, with what they were about. */
export function readFailedJobs(persistTo: string): { type: string; subjectId: string | null; errorCode: string }[] {
  const sql = `SELECT type, subject_id AS subjectId, error_code AS errorCode FROM processing_jobs WHERE status = 'failed'`;
  return query(persistTo, { from: 'catalogue', sql });
}

/** Keys of what belongs to documents; local mail lies beside it. */
export function readArchiveKeys(persistTo: string): string[] {
  const sql = "SELECT key FROM _mf_objects WHERE key LIKE 'owners/%' ORDER BY key";
  return query<{ key: string }>(persistTo, { from: 'archive', sql }).map(({ key }) => key);
}

/** Lets time pass for what is in the archive, of a stopped server. */
export function ageArchive(persistTo: string, byMs: number): void {
  query(persistTo, { from: 'archive', sql: `UPDATE _mf_objects SET uploaded = uploaded - ${byMs}` });
}

/** Rows that each document's content really has in its owner's index, and generations that nothing completed. */
export function readIndex(persistTo: string): IndexCount[] {
  return query<IndexCount>(persistTo, {
    from: 'index',
    sql: `SELECT d.document_id AS documentId,
      (SELECT count(*) FROM chunks c WHERE c.generation IN (SELECT number FROM generations WHERE document = d.number)) AS chunks,
      (SELECT count(*) FROM chunks_fts WHERE rowid IN (SELECT slot FROM chunks c WHERE c.generation = d.generation)) AS words,
      (SELECT vectors FROM generations g WHERE g.number = d.generation) AS vectors,
      (SELECT count(*) FROM generations g WHERE g.document = d.number AND g.number <> ifnull(d.generation, 0)) AS staged
      FROM documents d`,
  });
}

/** Runs statements on the catalogue of a stopped server, as somebody would who has its file. */
export function changeCatalogue(persistTo: string, statements: string[]): void {
  for (const sql of statements) query(persistTo, { from: 'catalogue', sql });
}

/** Entries of the audit log name users by their ids, and stay. */
const AUDIT = /^audit_/;

/** Rows of the catalogue and keys of the archive in which one of the words stands, but for some tables. */
export function rowsWith(persistTo: string, words: string[], except = AUDIT): string[] {
  const databases = (['catalogue', 'archive'] as const).flatMap((from) => openAll(persistTo, from));
  return databases.flatMap((database) => {
    try {
      const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      const searched = tables.filter(({ name }) => !except.test(String(name)));
      const rows = searched.flatMap(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all());
      return rows.map((row) => JSON.stringify(row)).filter((row) => words.some((word) => row.includes(word)));
    } finally {
      database.close();
    }
  });
}

/**
 * Files in which the bytes of one of the words stand. Not those of the catalogue and of the archive's directory: SQLite
 * leaves what was deleted in them until it needs the room, unless it is told otherwise, and D1 lets nobody tell it.
 */
export function filesWith(persistTo: string, words: string[], which = /^(do|r2\/commonplace-files)\//): string[] {
  const root = path.join(persistTo, 'v3');
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((file) => which.test(file))
    .filter((file) => {
      const bytes = readFileSync(path.join(root, file));
      return words.some((word) => bytes.includes(word));
    });
}

const openAll = (persistTo: string, from: keyof typeof FOLDERS): DatabaseSync[] => {
  const folder = path.join(persistTo, 'v3', FOLDERS[from]);
  const files = readdirSync(folder).filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file));
  return files.map((file) => new DatabaseSync(path.join(folder, file)));
};

function query<T>(persistTo: string, { from, sql }: { from: keyof typeof FOLDERS; sql: string }): T[] {
  return openAll(persistTo, from).flatMap((database) => {
    try {
      return database.prepare(sql).all() as T[];
    } finally {
      database.close();
    }
  });
}
