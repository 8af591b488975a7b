import type { FilterTree, FilterValue } from '../shared/filter-tree.ts';

/**
 * The words in which the rest of the platform talks to a library's index. The index knows no module: a document here is
 * an id with attributes to filter by, a chunk is text with a place in its document.
 */

/** Attributes of a document that searches filter, weigh or show by. */
export type IndexedDocument = {
  documentId: string;
  /** The catalogue's revision that these attributes stand for. An older one than the index has is ignored. */
  revision: number;
  title: string;
  kind: string;
  profile: string;
  /** BCP 47 primary subtag, or null where unknown. */
  language: string | null;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** The same, of its last change. */
  updatedAt?: number | undefined;
  sizeBytes?: number | undefined;
  /** Further values to filter by, under names of the catalogue's; of a text the first 501 characters are enough. */
  attributes?: [name: string, value: FilterValue][] | undefined;
  /** Opaque exact-match attributes, e.g. `collection:ID`, `tag:NAME`. */
  labels: string[];
  /** False hides the document from every search without dropping its chunks (trash). */
  visible: boolean;
  /** Texts of labels that are searched with the document's own words, e.g. names of tags. */
  labelTexts?: LabelText[] | undefined;
  /** What has been noted on the document, searched with its own words. */
  notes?: string[] | undefined;
};

/** What a label says. A text of an older version than the index has is ignored. */
export type LabelText = { label: string; text: string; version: number };

/** One passage as stored: offsets are UTF-16 code units into the document's extracted text. */
export type IndexedChunk = {
  ordinal: number;
  text: string;
  start: number;
  end: number;
  page: number | null;
  /** Headings above the chunk, outermost first. */
  headings: string[];
  /** What belongs in front of the text and stands further up in the document: names of a table's columns. */
  header?: string | undefined;
  /** When it is heard, in recordings. */
  time?: ChunkTime | undefined;
};

/** Milliseconds from the beginning. */
export type ChunkTime = { startMs: number; endMs: number };

/** Vectors of chunks of one document, quantised per vector: value = code × scale. */
export type QuantizedVectors = {
  /** Name of the embedding model; an index holds vectors of one model only. */
  model: string;
  dimension: number;
  /** The chunk that each vector belongs to. */
  ordinals: number[];
  /** `ordinals.length × dimension` codes, vector by vector. */
  codes: Int8Array;
  /** One scale per vector. */
  scales: Float32Array;
};

/** A content generation being written: chunks appended under it are invisible until it is committed. */
export type Generation = { documentId: string; revision: number };

/** `shownAt`: when its document has changed, if that is only known now. */
export type GenerationCommit = Generation & { shownAt?: number };

export type SearchMode = 'keyword' | 'semantic' | 'hybrid';
/** `all`: every word must occur (stop words aside, while there are others). `any`: at least one. `auto`: all words first, any word when that finds too little. */
export type WordMatch = 'all' | 'any' | 'auto';

export type SearchFilter = {
  kinds?: string[];
  profiles?: string[];
  languages?: string[];
  /** Of each group at least one label must be present. */
  labels?: string[][];
  documentIds?: string[];
  /** Inclusive bounds on createdAt, milliseconds since the epoch. */
  createdFrom?: number;
  createdTo?: number;
  /**
   * Conditions on `documentId`, `kind`, `profile`, `language`, `createdAt`, `updatedAt`, `sizeBytes`, on labels (`tag` and
   * `collection`, whose values are whole labels), and on attributes by their names.
   */
  where?: FilterTree;
};

/** What the index can count documents by: a column, the labels that begin with the name and a colon, or years of creation. */
export const FACETS = ['kind', 'tag', 'profile', 'language', 'collection', 'year'] as const;
export type Facet = (typeof FACETS)[number];

/** The most frequent values first. */
export type FacetCounts = { value: string; count: number }[];

export const SORTS = ['relevance', 'createdAt', 'updatedAt', 'title'] as const;

/** Other than by relevance, each document is shown once, by its best passage. */
export type SearchSort = { by: (typeof SORTS)[number]; order: 'asc' | 'desc' };

/** Where a walk through the pages of one search is. Whoever walks carries it: the index keeps nothing between pages. */
export type SearchPlace = {
  /** Number of the newest document at the first page: later ones are not for this walk. */
  newest: number;
  /** Whether passages that have only some of the words were taken in at the first page. */
  widened: boolean;
  /** What has been shown, as pairs of a document's number and a passage's ordinal. */
  shown: [document: number, ordinal: number][];
};

export type IndexSearchRequest = {
  mode: SearchMode;
  /** The user's words as typed, in the language of `query-language.ts`, the filters in them aside; any text is allowed. */
  query: string;
  match: WordMatch;
  /** The query's embedding; required by semantic and hybrid unless vectorCandidates are given. */
  vector?: { model: string; values: Float32Array };
  /** Vector candidates found elsewhere (a hosted vector store), best first; replaces the index's own scan. */
  vectorCandidates?: { documentId: string; ordinal: number; score: number }[];
  filter: SearchFilter;
  /** Number of chunks wanted, 1 to 200. */
  limit: number;
  /** Number of best chunks to skip. */
  offset: number;
  /** What the pages before have shown; without it, this is the first one. */
  place?: SearchPlace | undefined;
  sort?: SearchSort | undefined;
  /** What to count the matching documents by. */
  facets?: Facet[] | undefined;
  /** Weights of the two sides in the fusion. */
  weights: { keyword: number; semantic: number };
  /** False: the answer is made anew, and not kept. */
  useCache?: boolean;
};

/**
 * Where an answer comes from: known to the index's `isolate`, or to `kv`; or it was made, because nobody knew it: KV was
 * not asked (`missed`), had nothing, or could not be reached.
 */
export type CacheOutcome = 'isolate' | 'kv' | 'missed' | 'kv_missed' | 'kv_failed';

/** One side's view of a hit. `rank` counts from 1; `score`: bm25 (higher is better) or cosine. */
export type ScorePart = { rank: number; score: number };

export type SearchHit = {
  documentId: string;
  title: string;
  kind: string;
  profile: string;
  ordinal: number;
  page: number | null;
  time?: ChunkTime;
  headings: string[];
  start: number;
  end: number;
  /** Fused score for hybrid, else the side's own score. Higher is better. */
  score: number;
  scores: { keyword?: ScorePart; semantic?: ScorePart };
  /** The chunk's best window of text below its header, and the matched words as [start, end) offsets into `text`. */
  snippet: { text: string; highlights: [number, number][] };
};

export type IndexSearchResult = {
  hits: SearchHit[];
  /** True when more hits exist after these. */
  more: boolean;
  /** Where the next page begins, if there is one. */
  next?: SearchPlace;
  facets?: Partial<Record<Facet, FacetCounts>>;
  /** What was done differently than asked, e.g. `any_word` (nothing matched all words), `semantic_unavailable`. */
  notices: string[];
  /** Milliseconds inside the index, by part. */
  timings: { keyword: number; vector: number; fuse: number; total: number };
  /** Rows that the index's SQLite read for this search. */
  rowsRead: number;
  cache?: CacheOutcome;
};

export type IndexStatistics = {
  documents: number;
  chunks: number;
  vectors: number;
  /** Generations begun and not committed. */
  staged: number;
  model: string | null;
  dimension: number | null;
  databaseBytes: number;
  /** Bytes held in memory between searches: vectors and postings. */
  memoryBytes: number;
};
