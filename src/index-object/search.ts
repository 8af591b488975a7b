import { FUSION_CANDIDATES, fuse } from './fusion.ts';
import type { IndexSearchRequest, IndexSearchResult, ScorePart, SearchHit } from './index.types.ts';
import type { Keyword } from './keyword.ts';
import type { LibraryWordings } from './library-wordings.ts';
import { type QueryTerm, readQuery } from './query-words.ts';
import type { Settings } from './settings.ts';
import type { Slots } from './slots.ts';
import { createMatcher, makeSnippet, type SnippetMatcher } from './snippet.ts';
import { readHeadings } from './stored-json.ts';
import type { ScoredSlot } from './top-slots.ts';
import type { Vectors } from './vectors.ts';
import type { Visibility } from './visibility.ts';
import { wordingNamed } from './wordings.ts';

type Parts = {
  keyword: Keyword;
  settings: Settings;
  slots: Slots;
  vectors: Vectors;
  visibility: Visibility;
  wordings: LibraryWordings;
};

/** One running search: what it found out so far. */
type Run = {
  request: IndexSearchRequest;
  terms: QueryTerm[];
  allowed: Uint8Array;
  /** By slot: 1 where a word stands that the query does not want. */
  excluded: Uint8Array | undefined;
  /** Candidates wanted of each side. */
  wanted: number;
  notices: string[];
  rowsRead: number;
};

type HitRow = {
  slot: number;
  documentId: string;
  title: string;
  kind: string;
  profile: string;
  ordinal: number;
  page: number | null;
  headings: string;
  start: number;
  end: number;
  body: string;
  header: string | null;
  wording: string;
  startMs: number | null;
  endMs: number | null;
};

const NO_SIDE: ScoredSlot[] = [];
/** How much deeper a side that knows no words is read when some words are excluded. */
const MOST_PASSED_OVER = 100;

/** Answers whole searches: candidates of both sides, fusion, and the shown hits with their snippets. */
export function createSearch(sql: SqlStorage, parts: Parts): (request: IndexSearchRequest) => IndexSearchResult {
  const { keyword, settings, slots, vectors, visibility, wordings } = parts;

  function keywordSide(run: Run): ScoredSlot[] {
    const { found, widened, rowsRead } = keyword.search(run.terms, {
      match: run.request.match,
      allowed: run.allowed,
      excluded: run.excluded,
      enough: run.request.limit,
      wanted: run.wanted,
    });
    run.rowsRead += rowsRead;
    if (widened) run.notices.push('any_word');
    return found;
  }

  function foundElsewhere(run: Run, candidates: NonNullable<IndexSearchRequest['vectorCandidates']>): ScoredSlot[] {
    const cursor = sql.exec(
      `SELECT j.key, c.slot FROM json_each(?) j
        CROSS JOIN documents d ON d.document_id = j.value ->> 0
        CROSS JOIN chunks c ON c.generation = d.generation AND c.ordinal = j.value ->> 1
      ORDER BY j.key`,
      JSON.stringify(candidates.map((candidate) => [candidate.documentId, candidate.ordinal])),
    );
    const generations = slots.table().generations;
    const found: ScoredSlot[] = [];
    for (const [key, slot] of cursor.raw<[number, number]>()) {
      const score = candidates[key]?.score;
      if (score !== undefined && run.allowed[generations[slot] ?? 0] === 1) found.push({ slot, score });
    }
    run.rowsRead += cursor.rowsRead;
    return found.slice(0, run.wanted);
  }

  function semanticSide(run: Run): ScoredSlot[] {
    const { vector, vectorCandidates } = run.request;
    if (vectorCandidates !== undefined) return foundElsewhere(run, vectorCandidates);
    const held = settings.vectorModel();
    if (vector === undefined || held?.model !== vector.model || held.dimension !== vector.values.length) {
      run.notices.push('semantic_unavailable');
      return NO_SIDE;
    }
    const { found, rowsRead } = vectors.nearest({ values: vector.values, allowed: run.allowed, wanted: run.wanted });
    run.rowsRead += rowsRead;
    return found;
  }

  function readHits(run: Run, wanted: number[]): Map<number, HitRow> {
    const cursor = sql.exec<HitRow>(
      `SELECT c.slot, d.document_id AS documentId, d.title, d.kind, d.profile, c.ordinal, c.page, c.headings,
          c.start_offset AS start, c.end_offset AS "end", c.body, c.header, g.wording, c.start_ms AS startMs, c.end_ms AS endMs
        FROM json_each(?) j CROSS JOIN chunks c ON c.slot = j.value
          CROSS JOIN generations g ON g.number = c.generation CROSS JOIN documents d ON d.number = g.document`,
      JSON.stringify(wanted),
    );
    const rows = new Map(cursor.toArray().map((row) => [row.slot, row]));
    run.rowsRead += cursor.rowsRead;
    return rows;
  }

  return (request) => {
    const started = performance.now();
    const { allowed, rowsRead } = visibility.mask(request.filter);
    const last = request.offset + request.limit;
    // Fused scores depend on how deep the sides were read: one depth for every page, or pages would repeat and skip.
    const wanted = request.mode === 'hybrid' ? FUSION_CANDIDATES : last + 1;
    const { wanted: terms, unwanted } = readQuery(request.query, wordings.inUse());
    const excluded = keyword.having(unwanted);
    const run: Run = {
      request,
      terms,
      allowed,
      excluded: excluded.slots,
      wanted,
      notices: [],
      rowsRead: rowsRead + excluded.rowsRead,
    };

    const words = request.mode === 'semantic' ? NO_SIDE : keywordSide(run);
    const keywordDone = performance.now();
    const meaning = request.mode === 'keyword' ? NO_SIDE : withoutExcluded(run, semanticSide);
    const vectorDone = performance.now();

    const ranked = rank(request, words, meaning);
    const shown = ranked.slice(request.offset, last);
    const wordParts = partsOf(words);
    const meaningParts = partsOf(meaning);
    const rows = readHits(
      run,
      shown.map((hit) => hit.slot),
    );
    const matcher = createMatcher(run.terms);
    const hits: SearchHit[] = [];
    for (const { slot, score } of shown) {
      const row = rows.get(slot);
      if (row === undefined) continue;
      hits.push(present(row, { score, matcher, keyword: wordParts.get(slot), semantic: meaningParts.get(slot) }));
    }
    const ended = performance.now();
    return {
      hits,
      more: ranked.length > last,
      notices: run.notices,
      timings: {
        keyword: keywordDone - started,
        vector: vectorDone - keywordDone,
        fuse: ended - vectorDone,
        total: ended - started,
      },
      rowsRead: run.rowsRead,
    };
  };
}

function rank(request: IndexSearchRequest, words: ScoredSlot[], meaning: ScoredSlot[]): ScoredSlot[] {
  if (request.mode === 'keyword') return words;
  if (request.mode === 'semantic') return meaning;
  return fuse([
    { ranking: words, weight: request.weights.keyword },
    { ranking: meaning, weight: request.weights.semantic },
  ]);
}

function partsOf(side: ScoredSlot[]): Map<number, ScorePart> {
  return new Map(side.map(({ slot, score }, index) => [slot, { rank: index + 1, score }]));
}

/** Of a side that knows no words, what has none of the excluded ones; it looks deeper for that. */
function withoutExcluded(run: Run, side: (run: Run) => ScoredSlot[]): ScoredSlot[] {
  const { excluded, wanted } = run;
  if (excluded === undefined) return side(run);
  const found = side({ ...run, wanted: wanted + MOST_PASSED_OVER });
  return found.filter(({ slot }) => excluded[slot] !== 1).slice(0, wanted);
}

type Presented = {
  score: number;
  matcher: SnippetMatcher;
  keyword: ScorePart | undefined;
  semantic: ScorePart | undefined;
};

function present(row: HitRow, { score, matcher, keyword, semantic }: Presented): SearchHit {
  const { slot: _slot, headings, body, header, wording, startMs, endMs, ...shown } = row;
  return {
    ...shown,
    ...(startMs !== null && endMs !== null && { time: { startMs, endMs } }),
    headings: readHeadings(headings),
    score,
    scores: { ...(keyword && { keyword }), ...(semantic && { semantic }) },
    snippet: makeSnippet(body, matcher, { header, tokenizer: wordingNamed(wording).tokenizer }),
  };
}
