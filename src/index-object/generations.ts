import type { Documents, StoredDocument } from './documents.ts';
import type { Generation, GenerationCommit, IndexedChunk, IndexedDocument, QuantizedVectors } from './index.types.ts';
import type {
  AppendResult,
  BeginResult,
  CommitResult,
  PutVectorsResult,
  RemoveResult,
  UpdateResult,
} from './index-results.types.ts';
import type { Keyword } from './keyword.ts';
import type { LibraryWordings } from './library-wordings.ts';
import type { Settings } from './settings.ts';
import type { SlotRange, Slots } from './slots.ts';
import { readDocument, readHeadings } from './stored-json.ts';
import { isWellFormed, type Vectors } from './vectors.ts';
import { type Wording, wordingNamed, wordingOf } from './wordings.ts';

type GenerationRow = {
  number: number;
  document: number;
  revision: number;
  title: string;
  wording: string;
  chunks: number;
  vectors: number;
};

/** Chunks read at a time while a title changes: a few hundred kB of text. */
const RETITLE_PAGE_ROWS = 500;
const COLUMNS = 'number, document, revision, title, wording, chunks, vectors';

export type Generations = {
  begin(document: IndexedDocument): BeginResult;
  append(generation: Generation, chunks: IndexedChunk[]): AppendResult;
  putVectors(documentId: string, vectors: QuantizedVectors): PutVectorsResult;
  commit(generation: GenerationCommit, expectedChunks?: number): CommitResult;
  update(document: IndexedDocument): UpdateResult;
  /** Drops all content of the document, staged or committed; returns what is left of it: zeros. */
  dropAll(document: StoredDocument): RemoveResult;
  /** Drops vectors of the document's chunks, those in the range if there is one; returns how many there were. */
  removeVectors(documentId: string, range?: OrdinalRange): number;
};

/** Ordinals from the first to before the second. */
export type OrdinalRange = { fromOrdinal: number; toOrdinal: number };

type Parts = {
  documents: Documents;
  keyword: Keyword;
  settings: Settings;
  slots: Slots;
  vectors: Vectors;
  wordings: LibraryWordings;
};

/** The life of a document's content: begun, appended to, committed in the place of what was there, dropped. */
export function createGenerations(sql: SqlStorage, parts: Parts): Generations {
  const { documents, keyword, settings, slots, vectors, wordings } = parts;

  function stagedOf(document: StoredDocument): GenerationRow | undefined {
    return sql
      .exec<GenerationRow>(`SELECT ${COLUMNS} FROM generations WHERE document = ? AND staged = 1`, document.number)
      .toArray()[0];
  }

  function committedOf(document: StoredDocument): GenerationRow | undefined {
    if (document.generation === null) return undefined;
    return sql
      .exec<GenerationRow>(`SELECT ${COLUMNS} FROM generations WHERE number = ?`, document.generation)
      .toArray()[0];
  }

  function slotsIn(number: number, { fromOrdinal, toOrdinal }: OrdinalRange): SlotRange[] {
    const rows = sql.exec(
      'SELECT slot FROM chunks WHERE generation = ? AND ordinal >= ? AND ordinal < ?',
      number,
      fromOrdinal,
      toOrdinal,
    );
    return [...rows.raw<[number]>()].map(([slot]) => ({ first: slot, last: slot }));
  }

  function findStaged(generation: Generation): { document: StoredDocument; staged: GenerationRow } | undefined {
    const document = documents.find(generation.documentId);
    if (document === undefined) return undefined;
    const staged = stagedOf(document);
    return staged?.revision === generation.revision ? { document, staged } : undefined;
  }

  function drop(number: number): void {
    const ranges = slots.rangesOf(number);
    for (const { first, last } of ranges) {
      keyword.remove(first, last);
      sql.exec('DELETE FROM chunks WHERE slot BETWEEN ? AND ?', first, last);
    }
    vectors.clear(ranges);
    slots.release(number);
    sql.exec('DELETE FROM generations WHERE number = ?', number);
  }

  function countChunks(number: number): number {
    return sql.exec<{ count: number }>('SELECT count(*) AS count FROM chunks WHERE generation = ?', number).one().count;
  }

  function addKeywords(number: number, title: string, wording: Wording): void {
    let after = -1;
    for (;;) {
      const page = sql
        .exec<{ slot: number; ordinal: number; headings: string; body: string; header: string | null }>(
          `SELECT slot, ordinal, headings, body, header FROM chunks
            WHERE generation = ? AND ordinal > ? ORDER BY ordinal LIMIT ${RETITLE_PAGE_ROWS}`,
          number,
          after,
        )
        .toArray();
      for (const { slot, headings, body, header } of page) {
        keyword.add({ slot, title, headings: readHeadings(headings).join(' '), body, header }, wording);
      }
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.ordinal;
    }
  }

  /** Brings the document's title to the keyword entries of a generation's chunks; another language waits. */
  function retitle(generation: GenerationRow | undefined, { title, language }: StoredDocument): void {
    if (generation === undefined) return;
    const wording = wordingOf(language);
    if (generation.title === title) {
      if (generation.wording !== wording.name) wordings.outdated();
      return;
    }
    wordings.use(wording);
    for (const { first, last } of slots.rangesOf(generation.number)) keyword.remove(first, last);
    addKeywords(generation.number, title, wording);
    sql.exec(
      'UPDATE generations SET title = ?, wording = ?, reworded = NULL WHERE number = ?',
      title,
      wording.name,
      generation.number,
    );
  }

  function knownOrdinals(number: number, ordinals: number[]): Map<number, number> {
    const rows = sql
      .exec(
        `SELECT c.ordinal, c.slot FROM json_each(?) j CROSS JOIN chunks c
          ON c.generation = CAST(? AS INTEGER) AND c.ordinal = j.value`,
        JSON.stringify(ordinals),
        number,
      )
      .raw<[number, number]>();
    return new Map(rows);
  }

  return {
    begin(document) {
      if (documents.isBuried(document.documentId, document.revision)) return { accepted: false, reason: 'removed' };
      const known = documents.find(document.documentId);
      const committed = known && committedOf(known);
      const earlier = known && stagedOf(known);
      if (isNewer(committed, document) || isNewer(earlier, document)) return { accepted: false, reason: 'stale' };
      if (earlier !== undefined) drop(earlier.number);
      // Attributes of a document with content wait for the commit, so that both change at once.
      const stored = committed === undefined || known === undefined ? documents.put(document) : known;
      const wording = wordingOf(document.language);
      wordings.use(wording);
      sql.exec(
        'INSERT INTO generations (document, revision, staged, attributes, title, wording) VALUES (?, ?, 1, ?, ?, ?)',
        stored.number,
        document.revision,
        JSON.stringify(document),
        document.revision >= stored.revision ? document.title : stored.title,
        wording.name,
      );
      return { accepted: true };
    },

    append(generation, chunks) {
      const target = findStaged(generation);
      if (target === undefined) return { ok: false, reason: 'unknown_generation' };
      const { number, title } = target.staged;
      const wording = wordingNamed(target.staged.wording);
      const known = knownOrdinals(
        number,
        chunks.map((chunk) => chunk.ordinal),
      );
      const fresh = [...new Map(chunks.map((chunk) => [chunk.ordinal, chunk])).values()].filter(
        (chunk) => !known.has(chunk.ordinal),
      );
      const free = slots.allocate(number, fresh.length);
      for (const [i, chunk] of fresh.entries()) {
        const slot = free[i];
        if (slot === undefined) throw new Error('Fewer slots were allocated than asked for');
        const header = chunk.header ?? null;
        sql.exec(
          `INSERT INTO chunks
              (slot, generation, ordinal, start_offset, end_offset, page, headings, body, header, start_ms, end_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          slot,
          number,
          chunk.ordinal,
          chunk.start,
          chunk.end,
          chunk.page,
          JSON.stringify(chunk.headings),
          chunk.text,
          header,
          chunk.time?.startMs ?? null,
          chunk.time?.endMs ?? null,
        );
        keyword.add({ slot, title, headings: chunk.headings.join(' '), body: chunk.text, header }, wording);
      }
      sql.exec('UPDATE generations SET chunks = chunks + ? WHERE number = ?', fresh.length, number);
      return { ok: true, chunks: target.staged.chunks + fresh.length };
    },

    putVectors(documentId, quantized) {
      const document = documents.find(documentId);
      const target = document && (stagedOf(document) ?? committedOf(document));
      if (target === undefined) return { ok: false, reason: 'unknown_document' };
      if (!isWellFormed(quantized)) return { ok: false, reason: 'malformed' };
      const { model, dimension } = quantized;
      if (!vectors.accepts({ model, dimension })) {
        return { ok: false, reason: 'model_mismatch', held: settings.vectorModel() ?? null };
      }
      settings.setVectorModel({ model, dimension });
      const known = knownOrdinals(target.number, quantized.ordinals);
      const bySlot = quantized.ordinals.map((ordinal) => known.get(ordinal));
      const added = vectors.put(target.number, bySlot, quantized);
      sql.exec('UPDATE generations SET vectors = vectors + ? WHERE number = ?', added, target.number);
      const stored = bySlot.filter((slot) => slot !== undefined).length;
      return { ok: true, stored, missing: bySlot.length - stored };
    },

    commit(generation, expectedChunks) {
      const document = documents.find(generation.documentId);
      if (document === undefined) return { ok: false, reason: 'unknown_generation' };
      const staged = stagedOf(document);
      if (staged?.revision !== generation.revision) {
        const committed = committedOf(document);
        if (committed?.revision === generation.revision) return { ok: true, chunks: committed.chunks };
        return { ok: false, reason: 'unknown_generation' };
      }
      if (expectedChunks !== undefined && expectedChunks !== staged.chunks) {
        return { ok: false, reason: 'incomplete', chunks: staged.chunks };
      }
      const attributes = sql
        .exec<{ attributes: string }>('SELECT attributes FROM generations WHERE number = ?', staged.number)
        .one().attributes;
      const { shownAt } = generation;
      const current = documents.put({
        ...readDocument(attributes),
        ...(shownAt !== undefined && { updatedAt: shownAt }),
      });
      retitle(staged, current);
      sql.exec("UPDATE generations SET staged = 0, attributes = '{}' WHERE number = ?", staged.number);
      documents.setGeneration(document.number, staged.number);
      if (document.generation !== null) drop(document.generation);
      return { ok: true, chunks: staged.chunks };
    },

    update(document) {
      if (documents.isBuried(document.documentId, document.revision)) return { ok: false, reason: 'removed' };
      const known = documents.find(document.documentId);
      if (known !== undefined && known.revision > document.revision) return { ok: false, reason: 'stale' };
      const stored = documents.put(document);
      retitle(committedOf(stored), stored);
      return { ok: true };
    },

    dropAll(document) {
      const left = { chunks: 0, vectors: 0 };
      const numbers = sql
        .exec<{ number: number }>('SELECT number FROM generations WHERE document = ?', document.number)
        .toArray();
      for (const { number } of numbers) {
        const ranges = slots.rangesOf(number);
        drop(number);
        left.chunks += countChunks(number);
        left.vectors += vectors.count(number, ranges);
      }
      return left;
    },

    removeVectors(documentId, range) {
      const document = documents.find(documentId);
      if (document === undefined) return 0;
      const numbers = sql
        .exec<{ number: number }>('SELECT number FROM generations WHERE document = ?', document.number)
        .toArray();
      let total = 0;
      for (const { number } of numbers) {
        const removed = vectors.clear(range === undefined ? slots.rangesOf(number) : slotsIn(number, range));
        sql.exec('UPDATE generations SET vectors = vectors - ? WHERE number = ?', removed, number);
        total += removed;
      }
      return total;
    },
  };
}

function isNewer(generation: GenerationRow | undefined, { revision }: { revision: number }): boolean {
  return generation !== undefined && generation.revision > revision;
}
