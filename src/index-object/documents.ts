import { stored, typeCodeOf } from './filter-sql.ts';
import type { IndexedDocument, LabelText } from './index.types.ts';
import type { LabelTexts } from './label-texts.ts';
import type { Visibility } from './visibility.ts';

/** A document as the index holds it. */
export type StoredDocument = {
  number: number;
  revision: number;
  title: string;
  language: string | null;
  visible: boolean;
  /** The committed content generation, or null while there is none. */
  generation: number | null;
};

export type Documents = {
  find(documentId: string): StoredDocument | undefined;
  /** Writes the attributes unless the index has newer ones; returns the document as it is then. */
  put(document: IndexedDocument): StoredDocument;
  /** Makes a generation the document's visible content. */
  setGeneration(number: number, generation: number): void;
  /** Takes labels from all documents. @returns how many are left. */
  dropLabels(labels: string[]): number;
  /** Drops the row; later content up to `revision` (null: any) is refused. */
  bury(documentId: string, revision: number | null): void;
  /** Whether content or attributes of that revision come too late. */
  isBuried(documentId: string, revision: number): boolean;
};

type DocumentRow = Omit<StoredDocument, 'visible'> & { visible: number };
type Parts = { visibility: Pick<Visibility, 'changed'>; labelTexts: LabelTexts };

export function createDocuments(sql: SqlStorage, { visibility, labelTexts }: Parts): Documents {
  function find(documentId: string): StoredDocument | undefined {
    const row = sql
      .exec<DocumentRow>(
        'SELECT number, revision, title, language, visible, generation FROM documents WHERE document_id = ?',
        documentId,
      )
      .toArray()[0];
    return row === undefined ? undefined : { ...row, visible: row.visible === 1 };
  }

  function get(documentId: string): StoredDocument {
    const document = find(documentId);
    if (document === undefined) throw new Error('The document row that was just written is missing');
    return document;
  }

  function putLabels(number: number, labels: string[]): void {
    sql.exec('DELETE FROM labels WHERE document = ?', number);
    sql.exec(
      'INSERT OR IGNORE INTO labels (label, document) SELECT value, CAST(? AS INTEGER) FROM json_each(?)',
      number,
      JSON.stringify(labels),
    );
  }

  function putAttributes(number: number, attributes: NonNullable<IndexedDocument['attributes']>): void {
    sql.exec('DELETE FROM attributes WHERE document = ?', number);
    if (attributes.length === 0) return;
    sql.exec(
      `INSERT OR IGNORE INTO attributes (name, type, value, document)
        SELECT value ->> 0, value ->> 1, value ->> 2, CAST(? AS INTEGER) FROM json_each(?)`,
      number,
      JSON.stringify(attributes.map(([name, value]) => [name, typeCodeOf(value), stored(value)])),
    );
  }

  return {
    find,

    put(document) {
      const known = find(document.documentId);
      if (known !== undefined && known.revision > document.revision) return known;
      sql.exec(
        `INSERT INTO documents
            (document_id, revision, title, kind, profile, language, created_at, updated_at, size_bytes, visible)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (document_id) DO UPDATE SET revision = excluded.revision, title = excluded.title,
            kind = excluded.kind, profile = excluded.profile, language = excluded.language,
            created_at = excluded.created_at, updated_at = excluded.updated_at, size_bytes = excluded.size_bytes,
            visible = excluded.visible`,
        document.documentId,
        document.revision,
        document.title,
        document.kind,
        document.profile,
        document.language,
        document.createdAt,
        document.updatedAt ?? null,
        document.sizeBytes ?? null,
        document.visible ? 1 : 0,
      );
      const put = get(document.documentId);
      const notes = noteOf(document);
      labelTexts.put([...(document.labelTexts ?? []), ...notes]);
      putLabels(put.number, [...document.labels, ...notes.map(({ label }) => label)]);
      putAttributes(put.number, document.attributes ?? []);
      if (put.visible) visibility.changed({ shown: put.generation });
      else visibility.changed({ hidden: put.generation });
      return put;
    },

    setGeneration(number, generation) {
      const before = sql
        .exec<{ generation: number | null; visible: number }>(
          'SELECT generation, visible FROM documents WHERE number = ?',
          number,
        )
        .one();
      sql.exec('UPDATE documents SET generation = ? WHERE number = ?', generation, number);
      visibility.changed({ hidden: before.generation, shown: before.visible === 1 ? generation : null });
    },

    dropLabels(labels) {
      const among = 'label IN (SELECT value FROM json_each(?))';
      sql.exec(`DELETE FROM labels WHERE ${among}`, JSON.stringify(labels));
      labelTexts.drop(labels);
      visibility.changed({});
      const left = sql.exec<{ left: number }>(
        `SELECT count(*) AS left FROM labels WHERE ${among}`,
        JSON.stringify(labels),
      );
      return left.one().left;
    },

    bury(documentId, revision) {
      const document = find(documentId);
      labelTexts.drop([noteLabel(documentId)]);
      if (document !== undefined) {
        sql.exec('DELETE FROM labels WHERE document = ?', document.number);
        sql.exec('DELETE FROM attributes WHERE document = ?', document.number);
        sql.exec('DELETE FROM documents WHERE number = ?', document.number);
        visibility.changed({ hidden: document.generation });
      }
      sql.exec('INSERT OR REPLACE INTO tombstones (document_id, revision) VALUES (?, ?)', documentId, revision);
    },

    isBuried(documentId, revision) {
      const row = sql
        .exec<{ revision: number | null }>('SELECT revision FROM tombstones WHERE document_id = ?', documentId)
        .toArray()[0];
      return row !== undefined && (row.revision === null || revision <= row.revision);
    },
  };
}

const noteLabel = (documentId: string): string => `note:${documentId}`;

/** All notes on a document as the text of a label that only it has. */
function noteOf({ documentId, revision, notes = [] }: IndexedDocument): LabelText[] {
  if (notes.length === 0) return [];
  return [{ label: noteLabel(documentId), text: notes.join('\n'), version: revision }];
}
