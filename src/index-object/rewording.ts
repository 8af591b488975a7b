import type { Keyword } from './keyword.ts';
import type { LibraryWordings } from './library-wordings.ts';
import type { Settings } from './settings.ts';
import { readHeadings } from './stored-json.ts';
import { ALL_WORDINGS, wordingOf } from './wordings.ts';

/** Chunks worded anew at a time: a tenth of a second, in which nobody is answered. */
export const SLICE_CHUNKS = 200;

type Parts = { keyword: Keyword; settings: Settings; wordings: LibraryWordings };
type Outdated = { number: number; title: string; reworded: number | null; language: string | null };
type Chunk = { slot: number; ordinal: number; headings: string; body: string; header: string | null };

/**
 * Words the next chunks anew of content whose wording is not that of its document's language: an old one, or that of the
 * language that the document was taken for. Meanwhile queries are spelled in both. @returns whether more may be left.
 */
export function createRewording(sql: SqlStorage, { keyword, settings, wordings }: Parts): () => boolean {
  /** What is being staged gets its turn when it is committed. */
  function listOutdated(): Outdated[] {
    return sql
      .exec<Outdated & { wording: string }>(
        `SELECT g.number, g.title, g.reworded, g.wording, d.language
          FROM generations g CROSS JOIN documents d ON d.number = g.document WHERE g.staged = 0`,
      )
      .toArray()
      .filter(({ wording, language }) => wording !== wordingOf(language).name);
  }

  /** @returns how many chunks it was. */
  function reword({ number, title, reworded, language }: Outdated): number {
    const wording = wordingOf(language);
    wordings.use(wording);
    const chunks = sql
      .exec<Chunk>(
        `SELECT slot, ordinal, headings, body, header FROM chunks
          WHERE generation = ? AND ordinal > ? ORDER BY ordinal LIMIT ${SLICE_CHUNKS}`,
        number,
        reworded ?? -1,
      )
      .toArray();
    for (const { slot, headings, body, header } of chunks) {
      keyword.remove(slot, slot);
      keyword.add({ slot, title, headings: readHeadings(headings).join(' '), body, header }, wording);
    }
    const last = chunks.at(-1);
    if (last !== undefined && chunks.length === SLICE_CHUNKS)
      sql.exec('UPDATE generations SET reworded = ? WHERE number = ?', last.ordinal, number);
    else sql.exec('UPDATE generations SET wording = ?, reworded = NULL WHERE number = ?', wording.name, number);
    return chunks.length;
  }

  return () => {
    let done = 0;
    for (const outdated of listOutdated()) {
      done += reword(outdated);
      if (done >= SLICE_CHUNKS) return true;
    }
    settings.setWordings(ALL_WORDINGS);
    wordings.reset();
    return false;
  };
}
