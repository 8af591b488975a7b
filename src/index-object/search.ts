import { createFacetCounts } from './facet-counts.ts';
import type { Facets } from './facets.ts';
import { FUSION_CANDIDATES, fuse } from './fusion.ts';
import type {
  Facet,
  FacetCounts,
  IndexSearchRequest,
  IndexSearchResult,
  ScorePart,
  SearchHit,
  SearchPlace,
} from './index.types.ts';
import type { Keyword } from './keyword.ts';
import type { LibraryWordings } from './library-wordings.ts';
import { createMatches, documentsOf, type MatchedDocuments, type Matches } from './matches.ts';
import { type QueryTerm, readQuery } from './query-words.ts';
import type { Settings } from './settings.ts';
import type { Slots } from './slots.ts';
import { createMatcher, makeSnippet, type SnippetMatcher } from './snippet.ts';
import { readHeadings } from './stored-json.ts';
import type { ScoredSlot } from './top-slots.ts';
import type { Vectors } from './vectors.ts';
import type { Visibility } from './visibility.ts';
import { createWalks, type Walk } from './walk.ts';
import { wordingNamed } from './wordings.ts';

type Parts = {
  facets: Facets;
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
  /** Where the pages before have led; its `allowed` and `depth` are where this run began. */
  walk: Walk;
  /** Whether passages with only some of the words are among those found. */
  widened: boolean;
  /** Takes in all that match by words, where that is needed. */
  matches: Matches | undefined;
  /** Candidates wanted of each side. */
  wanted: number;
  notices: string[];
  rowsRead: number;
};

type HitRow = {
  slot: number;
  number: number;
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

type Ranking = { ranked: ScoredSlot[]; words: ScoredSlot[]; meaning: ScoredSlot[] };

const NO_SIDE: ScoredSlot[] = [];
/** How much deeper a side that knows no words is read when some words are excluded. */
const MOST_PASSED_OVER = 100;

/** Answers whole searches: candidates of both sides, fusion, and the shown hits with their snippets. */
export function createSearch(sql: SqlStorage, parts: Parts): (request: IndexSearchRequest) => IndexSearchResult {
  const { keyword, settings, slots, vectors, visibility, wordings } = parts;
  const walks = createWalks(sql, slots);
  const countFacets = createFacetCounts(parts);

  function keywordSide(run: Run): ScoredSlot[] {
    const { found, widened, rowsRead } = keyword.search(run.terms, {
      match: run.request.match,
      allowed: run.allowed,
      excluded: run.excluded,
      enough: enoughFor(run),
      wanted: run.wanted,
      onMatch: run.matches?.note,
    });
    run.rowsRead += rowsRead;
    run.widened = widened;
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
      `SELECT c.slot, d.number, d.document_id AS documentId, d.title, d.kind, d.profile, c.ordinal, c.page, c.headings,
          c.start_offset AS start, c.end_offset AS "end", c.body, c.header, g.wording, c.start_ms AS startMs, c.end_ms AS endMs
        FROM json_each(?) j CROSS JOIN chunks c ON c.slot = j.value
          CROSS JOIN generations g ON g.number = c.generation CROSS JOIN documents d ON d.number = g.document`,
      JSON.stringify(wanted),
    );
    const rows = new Map(cursor.toArray().map((row) => [row.slot, row]));
    run.rowsRead += cursor.rowsRead;
    return rows;
  }

  function rankSides(run: Run) {
    const { mode } = run.request;
    const words = mode === 'semantic' ? NO_SIDE : keywordSide(run);
    const keywordDone = performance.now();
    const meaning = mode === 'keyword' ? NO_SIDE : withoutExcluded(run, semanticSide);
    return { words, meaning, keywordDone, vectorDone: performance.now(), ranked: rank(run.request, words, meaning) };
  }

  /** The documents that match: by words all of them, otherwise those of the candidates. */
  function matched(run: Run, ranked: ScoredSlot[]): MatchedDocuments {
    if (run.matches === undefined) return documentsOf(ranked, slots.table().generations);
    const { match } = run.request;
    return match === 'any'
      ? run.matches.documents({ partial: true, ranked: 'together' })
      : run.matches.documents({ partial: run.widened, ranked: 'complete first' });
  }

  const matchesFor = (allowed: Uint8Array) => createMatches(slots.table().generations, allowed.length);

  function facetsOf(run: Run, ranked: ScoredSlot[]): Partial<Record<Facet, FacetCounts>> {
    const { facets = [], filter, mode, match } = run.request;
    const decided = match === 'auto' ? (run.widened ? 'any' : 'all') : match;
    const { counts, rowsRead } = countFacets({
      facets,
      filter,
      found: new Set(matched(run, ranked).keys()),
      restrict: run.walk.restrict,
      findAmong: (allowed) => {
        const matches = mode === 'keyword' ? matchesFor(allowed) : undefined;
        const again = {
          ...run,
          request: { ...run.request, match: decided },
          allowed,
          matches,
          notices: [],
          rowsRead: 0,
        };
        const found = matched(again, rankSides(again).ranked);
        run.rowsRead += again.rowsRead;
        return found.keys();
      },
    });
    run.rowsRead += rowsRead;
    return counts;
  }

  /** What is left to be shown, best first: more than the page, if there is more. */
  function restOf(run: Run, ranking: Ranking): ScoredSlot[] {
    const { walk, request } = run;
    const { sort, limit, offset } = request;
    const last = offset + limit;
    if (isSorted(request) && sort !== undefined) {
      const { found, rowsRead } = walks.sort(walk.rest([...matched(run, ranking.ranked).values()]), {
        ...sort,
        limit: last + 1,
      });
      run.rowsRead += rowsRead;
      return found;
    }
    const rest = walk.rest(ranking.ranked);
    const isCut = [ranking.words, ranking.meaning].some((side) => side.length >= run.wanted);
    if (request.place === undefined || rest.length > last || !isCut) return rest;
    // The candidates of both sides have been walked through: the next best ones follow.
    const { allowed, depth } = walk.beyond();
    return walk.rest(rankSides({ ...run, allowed, wanted: run.wanted + depth, notices: [] }).ranked);
  }

  function nextPlace(run: Run, shown: HitRow[]): SearchPlace {
    const { place } = run.request;
    if (place === undefined) run.rowsRead += 1;
    return {
      newest: place?.newest ?? walks.newest(),
      widened: place?.widened ?? run.widened,
      shown: [...(place?.shown ?? []), ...shown.map(({ number, ordinal }): [number, number] => [number, ordinal])],
    };
  }

  function begin(request: IndexSearchRequest): Run {
    const { filter, mode, place, offset, limit, facets = [] } = request;
    const { allowed, rowsRead } = visibility.mask(filter);
    const walk = walks.begin({ place, allowed, isByDocument: isSorted(request) });
    const needsAll = mode === 'keyword' && (isSorted(request) || facets.length > 0);
    // Fused scores depend on how deep the sides were read: one depth for every page, or their order would change.
    const isDeep = mode === 'hybrid' || isSorted(request) || facets.length > 0;
    const page = offset + limit + 1 + walk.depth;
    const { wanted: terms, unwanted } = readQuery(request.query, wordings.inUse());
    const excluded = keyword.having(unwanted);
    return {
      request,
      terms,
      excluded: excluded.slots,
      allowed: walk.allowed,
      walk,
      widened: false,
      matches: needsAll ? matchesFor(walk.allowed) : undefined,
      wanted: mode === 'hybrid' ? FUSION_CANDIDATES : isDeep ? Math.max(page, FUSION_CANDIDATES) : page,
      notices: [],
      rowsRead: rowsRead + walk.rowsRead + excluded.rowsRead,
    };
  }

  return (request) => {
    const started = performance.now();
    const run = begin(request);
    const ranking = rankSides(run);
    const { words, meaning, keywordDone, vectorDone } = ranking;
    const rest = restOf(run, ranking);
    const last = request.offset + request.limit;
    const shown = rest.slice(request.offset, last);
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
    const more = rest.length > last;
    const next = more ? nextPlace(run, [...rows.values()]) : undefined;
    const facets = request.facets === undefined ? undefined : facetsOf(run, ranking.ranked);
    const ended = performance.now();
    return {
      hits,
      more,
      ...(next && { next }),
      ...(facets && { facets }),
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

const isSorted = ({ sort }: IndexSearchRequest): boolean => sort !== undefined && sort.by !== 'relevance';

/** How many passages with all words make those with some superfluous: on later pages that has been decided. */
function enoughFor({ walk, request }: Run): number {
  if (walk.widened === undefined) return request.limit;
  return walk.widened ? Number.POSITIVE_INFINITY : 0;
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
  const deeper = { ...run, wanted: wanted + MOST_PASSED_OVER, rowsRead: 0 };
  const found = side(deeper);
  run.rowsRead += deeper.rowsRead;
  return found.filter(({ slot }) => excluded[slot] !== 1).slice(0, wanted);
}

type Presented = {
  score: number;
  matcher: SnippetMatcher;
  keyword: ScorePart | undefined;
  semantic: ScorePart | undefined;
};

function present(row: HitRow, { score, matcher, keyword, semantic }: Presented): SearchHit {
  const { slot: _slot, number: _number, headings, body, header, wording, startMs, endMs, ...shown } = row;
  return {
    ...shown,
    ...(startMs !== null && endMs !== null && { time: { startMs, endMs } }),
    headings: readHeadings(headings),
    score,
    scores: { ...(keyword && { keyword }), ...(semantic && { semantic }) },
    snippet: makeSnippet(body, matcher, { header, tokenizer: wordingNamed(wording).tokenizer }),
  };
}
