/**
 * The index's tables. A generation is one version of a document's content; a slot is the number of one chunk, the same
 * in `chunks`, `chunks_fts` and the blocks. Only a document's current generation is searched.
 */
/** Each entry takes the schema from the version that is its place to the next one. Append only. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE documents (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      document_id TEXT NOT NULL UNIQUE,
      revision INTEGER NOT NULL,
      title TEXT NOT NULL,
      kind TEXT NOT NULL,
      profile TEXT NOT NULL,
      language TEXT,
      created_at INTEGER NOT NULL,
      visible INTEGER NOT NULL,
      generation INTEGER
    )`,
    `CREATE TABLE labels (
      label TEXT NOT NULL,
      document INTEGER NOT NULL,
      PRIMARY KEY (label, document)
    ) WITHOUT ROWID`,
    'CREATE INDEX labels_document ON labels (document)',
    'CREATE TABLE tombstones (document_id TEXT PRIMARY KEY, revision INTEGER) WITHOUT ROWID',
    // AUTOINCREMENT: a number is never used twice, so that a search mask can never let a dropped generation in.
    `CREATE TABLE generations (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      document INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      staged INTEGER NOT NULL,
      attributes TEXT NOT NULL,
      title TEXT NOT NULL,
      chunks INTEGER NOT NULL DEFAULT 0,
      vectors INTEGER NOT NULL DEFAULT 0
    )`,
    'CREATE INDEX generations_document ON generations (document, staged)',
    'CREATE TABLE slot_ranges (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, generation INTEGER NOT NULL)',
    'CREATE INDEX slot_ranges_generation ON slot_ranges (generation, first)',
    `CREATE TABLE chunks (
      slot INTEGER PRIMARY KEY,
      generation INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      start_offset INTEGER NOT NULL,
      end_offset INTEGER NOT NULL,
      page INTEGER,
      headings TEXT NOT NULL,
      body TEXT NOT NULL
    )`,
    'CREATE UNIQUE INDEX chunks_generation ON chunks (generation, ordinal)',
    // Text arrives folded, stemmed and cut into terms; the tokenizer has only to split it at the spaces.
    `CREATE VIRTUAL TABLE chunks_fts USING fts5(
      title, headings, body, content='', contentless_delete=1,
      tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"
    )`,
    // The terms with their chunks, column and place: what scores are computed from.
    'CREATE VIRTUAL TABLE chunks_terms USING fts5vocab(chunks_fts, instance)',
    `CREATE TABLE slot_blocks (
      block INTEGER PRIMARY KEY,
      generations BLOB NOT NULL,
      words BLOB NOT NULL
    )`,
    `CREATE TABLE vector_blocks (
      block INTEGER PRIMARY KEY,
      generations BLOB NOT NULL,
      scales BLOB NOT NULL,
      codes BLOB NOT NULL
    )`,
    'CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
  ],
  // What stands in front of a chunk: names of a table's columns.
  ['ALTER TABLE chunks ADD COLUMN header TEXT'],
  // When a chunk is heard, in recordings.
  ['ALTER TABLE chunks ADD COLUMN start_ms INTEGER', 'ALTER TABLE chunks ADD COLUMN end_ms INTEGER'],
  // What searches filter and sort by besides; null until the catalogue has sent it. A value is the text, number or truth of
  // its type; the order of the key finds equal ones, and those in a range, without reading others.
  [
    'ALTER TABLE documents ADD COLUMN updated_at INTEGER',
    'ALTER TABLE documents ADD COLUMN size_bytes INTEGER',
    `CREATE TABLE attributes (
      name TEXT NOT NULL,
      type TEXT NOT NULL,
      value NOT NULL,
      document INTEGER NOT NULL,
      PRIMARY KEY (name, type, value, document)
    ) WITHOUT ROWID`,
    'CREATE INDEX attributes_document ON attributes (document)',
  ],
  // How a generation's words became terms, up to which ordinal they have become those of another wording since, and the
  // texts of labels: names of tags, notes on a document.
  [
    "ALTER TABLE generations ADD COLUMN wording TEXT NOT NULL DEFAULT 'former'",
    'ALTER TABLE generations ADD COLUMN reworded INTEGER',
    `CREATE TABLE label_texts (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      label TEXT NOT NULL UNIQUE,
      version INTEGER NOT NULL,
      text TEXT NOT NULL
    )`,
    `CREATE VIRTUAL TABLE label_texts_fts USING fts5(
      text, content='', contentless_delete=1,
      tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"
    )`,
  ],
  // What KV holds of this index's answers.
  ['CREATE TABLE shared_results (name TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID'],
];

/** Brings the object's database to the newest schema, each version in a transaction of its own. */
export function migrate(storage: DurableObjectStorage): void {
  const { sql } = storage;
  sql.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)');
  const row = sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()[0];
  const current = row?.version ?? 0;
  for (const [index, statements] of MIGRATIONS.entries()) {
    if (index < current) continue;
    storage.transactionSync(() => {
      for (const statement of statements) sql.exec(statement);
      sql.exec('DELETE FROM schema_version');
      sql.exec('INSERT INTO schema_version (version) VALUES (?)', index + 1);
    });
  }
}
