import type { LabelText } from './index.types.ts';
import { termsOf, wordingOf } from './wordings.ts';

/** Texts of labels: a document is found by what it is filed under. One row a label, however many documents have it. */
export type LabelTexts = {
  /** Writes what is new or newer than what the index has. */
  put(texts: LabelText[]): void;
  drop(labels: string[]): void;
};

type Row = { number: number; version: number; text: string };

/** @param changed called when searches must look again. */
export function createLabelTexts(sql: SqlStorage, changed: () => void): LabelTexts {
  // Nobody knows the language of a tag.
  const { tokenizer } = wordingOf(null);

  function putOne({ label, text, version }: LabelText): void {
    const known = sql.exec<Row>('SELECT number, version, text FROM label_texts WHERE label = ?', label).toArray()[0];
    if (known !== undefined && (known.version > version || known.text === text)) return;
    const { number } = sql
      .exec<{ number: number }>(
        `INSERT INTO label_texts (label, version, text) VALUES (?, ?, ?)
          ON CONFLICT (label) DO UPDATE SET version = excluded.version, text = excluded.text RETURNING number`,
        label,
        version,
        text,
      )
      .one();
    if (known !== undefined) sql.exec('DELETE FROM label_texts_fts WHERE rowid = ?', number);
    const terms = termsOf(text, tokenizer).join(' ');
    sql.exec('INSERT INTO label_texts_fts (rowid, text) VALUES (?, ?)', number, terms);
  }

  return {
    put(texts) {
      for (const text of texts) putOne(text);
      // Who has which label may have changed with them.
      changed();
    },

    drop(labels) {
      const among = 'label IN (SELECT value FROM json_each(?))';
      const numbers = `SELECT number FROM label_texts WHERE ${among}`;
      sql.exec(`DELETE FROM label_texts_fts WHERE rowid IN (${numbers})`, JSON.stringify(labels));
      sql.exec(`DELETE FROM label_texts WHERE ${among}`, JSON.stringify(labels));
      changed();
    },
  };
}
