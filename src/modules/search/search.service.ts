import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type {
  Facet,
  IndexSearchRequest,
  IndexSearchResult,
  SearchMode,
  SearchPlace,
  SearchSort,
  WordMatch,
} from '../../index-object/index.types.ts';
import { describeQuery, parseQuery, type Understood, wordsOf } from '../../index-object/query-language.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Embeddings } from '../../platform/embeddings/embeddings.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { VectorStore } from '../../platform/vectors/vector-store.ts';
import type { Actor } from '../../shared/actor.ts';
import type { WriteBuffer } from '../../shared/write-buffer.ts';
import type { LibraryFilters } from '../library/library-filters.ts';
import { createHistoryRecording, type RecentQuery } from './history-recording.ts';
import { filtersIn } from './query-filters.ts';
import { createQueriesRepository } from './search.repository.ts';
import { decodePlace, encodePlace, fingerprintOf, MAX_SHOWN } from './search-cursor.ts';
import { namedFacets, type SearchFacets } from './search-facets.ts';
import { type SearchFilters, treeOf } from './search-filters.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  embeddings: Embeddings;
  vectors: VectorStore;
  indexOf: IndexOf;
  recentQueries: WriteBuffer<RecentQuery>;
  libraryFilters: () => LibraryFilters;
  timings: Record<string, number>;
  waitUntil: (work: Promise<unknown>) => void;
  config: Pick<Config, 'SEARCH_CACHE'>;
};

export type SearchInput = SearchFilters & {
  q: string;
  mode: SearchMode;
  match: WordMatch;
  limit: number;
  cursor?: string | undefined;
  sort?: SearchSort['by'] | undefined;
  order?: SearchSort['order'] | undefined;
  facets?: Facet[] | undefined;
  weights?: { keyword: number; semantic: number } | undefined;
};

export type SearchOutcome = Omit<IndexSearchResult, 'facets'> & {
  facets: SearchFacets | undefined;
  queryId: string;
  mode: SearchMode;
  durationMs: number;
  nextCursor: string | null;
  weights: { keyword: number; semantic: number };
  embeddingModel: string | null;
  vectorStore: VectorStore['consistency'];
  /** How the query was read. */
  understood: Understood;
};

/** Candidates asked of a hosted vector store: as many as it gives at once. */
const HOSTED_CANDIDATES = 100;

/** Searching one owner's library: one call to the index, and the history written after the answer. */
export function createSearchService(deps: Deps) {
  const { embeddings, vectors } = deps;
  const history = createQueriesRepository(deps.database);
  const recording = createHistoryRecording(deps);

  /** What the semantic side needs; empty, with a notice, when the model or the store cannot be reached. */
  const vectorSide = async (ownerId: string, { text, input }: Meant): Promise<VectorSide> => {
    const { kind, profile } = input;
    try {
      const [values] = await embeddings.embed([text], 'query');
      if (!values) throw new Error('The embedding model gave no vector.');
      // Punctuation alone says nothing that anything could be like.
      if (values.every((value) => value === 0)) return NO_CANDIDATES;
      if (vectors.consistency === 'immediate') return { vector: { model: embeddings.model, values }, notices: [] };
      const filter = { ...(kind && { kinds: kind }), ...(profile && { profiles: profile }) };
      const query = { model: embeddings.model, values, topK: HOSTED_CANDIDATES, filter };
      return { vectorCandidates: await vectors.query(ownerId, query), notices: [] };
    } catch (error) {
      deps.logger.error('search.semantic_unavailable', error);
      return { vectorCandidates: [], notices: ['semantic_unavailable'] };
    }
  };

  const verbs = {
    /** How many searches an owner has made, to be read with others. */
    summarise: history.summarise,

    async search(actor: Actor, input: SearchInput): Promise<SearchOutcome> {
      const start = performance.now();
      const weights = input.weights ?? { keyword: 1, semantic: embeddings.fusionWeight };
      const clauses = parseQuery(input.q);
      const text = wordsOf(clauses);
      const { limit, cursor, facets, ...search } = input;
      const fingerprint = await fingerprintOf(actor.userId, { ...search, filter: search.filter?.tree });
      const place = cursor === undefined ? undefined : decodePlace(cursor, fingerprint);
      const naming = { tags: facets?.includes('tag') ?? false, collections: facets?.includes('collection') ?? false };
      const [{ where, names }, { notices, ...side }] = await Promise.all([
        deps.libraryFilters().resolve(actor.userId, { where: treeOf(input, filtersIn(clauses)), naming }),
        input.mode === 'keyword' ? NO_VECTORS : vectorSide(actor.userId, { text, input }),
      ]);
      const called = performance.now();
      const request: IndexSearchRequest = {
        mode: input.mode,
        query: input.q,
        match: input.match,
        filter: where === undefined ? {} : { where },
        limit,
        offset: 0,
        place,
        sort: sortOf(input),
        facets,
        weights,
        useCache: deps.config.SEARCH_CACHE,
        ...side,
      };
      const result = await deps.indexOf(actor.userId).search(request);
      deps.timings['index'] = performance.now() - called;
      const queryId = deps.ids.next();
      const outcome: SearchOutcome = {
        ...result,
        facets: result.facets && namedFacets(result.facets, names),
        notices: [
          ...new Set([...result.notices, ...notices, ...(text === '' && clauses.length > 0 ? ['no_words'] : [])]),
        ],
        queryId,
        mode: input.mode,
        durationMs: Math.round((performance.now() - start) * 100) / 100,
        nextCursor: cursorOf(result.next, fingerprint),
        weights,
        embeddingModel: input.mode === 'keyword' ? null : embeddings.model,
        vectorStore: vectors.consistency,
        understood: describeQuery(clauses),
      };
      recording.succeeded(actor, { input, outcome });
      return outcome;
    },

    /** Takes a deleted document out of the history. */
    forgetDocument: (ownerId: string, documentId: string): Statement[] => history.forgetDocument(ownerId, documentId),
  };
  return { ...verbs, search: recording.noting(verbs.search) };
}

export type SearchService = ReturnType<typeof createSearchService>;

/** What the meaning is taken from, and what is asked otherwise. */
type Meant = { text: string; input: SearchInput };

type VectorSide = Pick<IndexSearchRequest, 'vector' | 'vectorCandidates'> & { notices: string[] };

/** Keyword searches need no vector; the others get the hits of none when there is nothing to compare with. */
const NO_VECTORS: VectorSide = { notices: [] };
const NO_CANDIDATES: VectorSide = { vectorCandidates: [], notices: [] };

/** Newest first, and titles from A to Z. */
function sortOf({ sort: by = 'relevance', order }: SearchInput): SearchSort {
  return { by, order: order ?? (by === 'title' ? 'asc' : 'desc') };
}

function cursorOf(next: SearchPlace | undefined, fingerprint: Uint8Array): string | null {
  return next === undefined || next.shown.length >= MAX_SHOWN ? null : encodePlace(next, fingerprint);
}
