import { DurableObject } from 'cloudflare:workers';
import type { Env } from '../env.ts';
import { createDocuments, type Documents } from './documents.ts';
import { createFacets, type Facets } from './facets.ts';
import { createGenerations, type Generations, type OrdinalRange } from './generations.ts';
import type {
  Generation,
  GenerationCommit,
  IndexedChunk,
  IndexedDocument,
  IndexSearchRequest,
  IndexSearchResult,
  IndexStatistics,
  LabelText,
  QuantizedVectors,
} from './index.types.ts';
import type {
  AppendResult,
  BeginResult,
  CommitResult,
  DescribeRequest,
  DescribeResult,
  IndexVectorQuery,
  PutVectorsResult,
  QueryVectorsResult,
  RemoveResult,
  UpdateResult,
} from './index-results.types.ts';
import { describeDocuments, readStatistics } from './inventory.ts';
import { createKeyword, type Keyword } from './keyword.ts';
import { createLabelTexts, type LabelTexts } from './label-texts.ts';
import { createLibraryWordings, type LibraryWordings } from './library-wordings.ts';
import { residentMemory } from './resident-memory.ts';
import { createResultCache, type ResultCache } from './result-cache.ts';
import { createRewording } from './rewording.ts';
import { migrate } from './schema.ts';
import { createSearch } from './search.ts';
import { createSettings, type Settings } from './settings.ts';
import { createSharedResults, type SharedResults } from './shared-results.ts';
import { createSlots, type Slots } from './slots.ts';
import { createVectorBlocks, type VectorBlocks } from './vector-blocks.ts';
import { createVectors, type Vectors } from './vectors.ts';
import { createVisibility, type Visibility, type VisibilityChange } from './visibility.ts';

/** Between two slices of rewording others get their turn. */
const REWORDING_PAUSE_MS = 50;

/** Those of SQLite and of the platform aside. */
const TABLES = `SELECT count(*) AS tables FROM sqlite_master
  WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'`;

/**
 * The index of one owner's library: words and vectors of every chunk in one SQLite database. Everything in it is
 * derived, and can be rebuilt from the archive. Writes are idempotent and carry revisions; a write is seen by the next
 * search.
 */
export class LibraryIndex extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  readonly #documents: Documents;
  readonly #facets: Facets;
  readonly #generations: Generations;
  readonly #keyword: Keyword;
  readonly #settings: Settings;
  readonly #blocks: VectorBlocks;
  readonly #slots: Slots;
  readonly #vectors: Vectors;
  readonly #visibility: Visibility;
  readonly #labelTexts: LabelTexts;
  readonly #wordings: LibraryWordings;
  readonly #reword: () => boolean;
  readonly #shared: SharedResults;
  readonly #results: ResultCache;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { sql } = ctx.storage;
    this.#sql = sql;
    this.#settings = createSettings(sql);
    this.#slots = createSlots(sql);
    this.#visibility = createVisibility(sql);
    this.#wordings = createLibraryWordings(sql, this.#settings);
    this.#keyword = createKeyword(sql, { slots: this.#slots, memory: residentMemory });
    this.#labelTexts = createLabelTexts(sql, this.#keyword.reset);
    this.#blocks = createVectorBlocks(sql, residentMemory);
    this.#vectors = createVectors(sql, { settings: this.#settings, blocks: this.#blocks });
    this.#facets = createFacets(sql, residentMemory);
    const visibility = {
      changed: (change: VisibilityChange) => {
        this.#visibility.changed(change);
        this.#facets.changed(change);
      },
    };
    this.#documents = createDocuments(sql, { visibility, labelTexts: this.#labelTexts });
    const parts = {
      documents: this.#documents,
      facets: this.#facets,
      keyword: this.#keyword,
      settings: this.#settings,
      slots: this.#slots,
      vectors: this.#vectors,
      visibility: this.#visibility,
      wordings: this.#wordings,
    };
    this.#generations = createGenerations(sql, parts);
    this.#shared = createSharedResults({
      sql,
      kv: env.CACHE,
      prefix: ctx.id.toString(),
      now: Date.now,
      waitUntil: (work) => ctx.waitUntil(work),
    });
    this.#results = createResultCache(createSearch(sql, parts), {
      memory: residentMemory,
      shared: this.#shared,
      now: Date.now,
      indexBytes: () => this.#memoryBytes(),
    });
    this.#reword = createRewording(sql, parts);
    ctx.blockConcurrencyWhile(async () => {
      migrate(ctx.storage);
      await this.#rewordLater();
    });
  }

  /** Words a little of what has another wording than it should, then waits for its next turn. */
  override async alarm(): Promise<void> {
    const isMore = this.#write(this.#reword);
    if (isMore) await this.ctx.storage.setAlarm(Date.now() + REWORDING_PAUSE_MS);
  }

  /** Starts new content for a document, dropping content staged before. Refused when newer content is there. */
  beginGeneration(document: IndexedDocument): BeginResult {
    return this.#write(() => this.#generations.begin(document));
  }

  /** Adds chunks to content being staged. Chunks that are already there are passed over. About 500 a call. */
  appendChunks(generation: Generation, chunks: IndexedChunk[]): AppendResult {
    return this.#write(() => this.#generations.append(generation, chunks));
  }

  /** Attaches vectors to the chunks of the document's newest content, staged or committed. */
  putVectors(documentId: string, vectors: QuantizedVectors): PutVectorsResult {
    return this.#write(() => this.#generations.putVectors(documentId, vectors));
  }

  /**
   * Makes staged content the visible one and drops what was there before, at once.
   * @param expectedChunks refuse (`incomplete`) when another number of chunks has arrived.
   */
  async commitGeneration(generation: GenerationCommit, expectedChunks?: number): Promise<CommitResult> {
    const result = this.#write(() => this.#generations.commit(generation, expectedChunks));
    await this.#rewordLater();
    return result;
  }

  /** Changes what searches filter and show. A document that has no content yet is remembered. */
  async updateDocument(document: IndexedDocument): Promise<UpdateResult> {
    const result = this.#write(() => this.#generations.update(document));
    await this.#rewordLater();
    return result;
  }

  /**
   * Drops all of a document and refuses its content from then on: any content, or that up to `revision` if given (a
   * document that comes back from a backup has a higher one).
   * @returns what is left: zeros.
   */
  removeDocument(documentId: string, revision?: number): RemoveResult {
    return this.#write(() => {
      const document = this.#documents.find(documentId);
      const left = document === undefined ? { chunks: 0, vectors: 0 } : this.#generations.dropAll(document);
      this.#documents.bury(documentId, revision ?? null);
      return left;
    });
  }

  /** Drops vectors of a document, staged and committed, all or those of some chunks; its words stay. Returns how many. */
  removeVectors(documentId: string, range?: OrdinalRange): number {
    return this.#write(() => this.#generations.removeVectors(documentId, range));
  }

  /** Answers one search whole. */
  search(request: IndexSearchRequest): IndexSearchResult | Promise<IndexSearchResult> {
    return this.#results.answer(request);
  }

  /** The nearest chunks by cosine, best first. */
  queryVectors({ model, values, topK, filter }: IndexVectorQuery): QueryVectorsResult {
    const held = this.#settings.vectorModel();
    if (held === undefined) return { ok: true, matches: [] };
    if (held.model !== model || held.dimension !== values.length) return { ok: false, reason: 'model_mismatch' };
    const { allowed } = this.#visibility.mask(filter ?? {});
    const { found } = this.#vectors.nearest({ values, allowed, wanted: topK });
    return { ok: true, matches: this.#vectors.name(found) };
  }

  statistics(): IndexStatistics {
    return readStatistics(this.#sql, {
      model: this.#settings.vectorModel(),
      memoryBytes: this.#memoryBytes(),
    });
  }

  /** What the index holds, for comparison with the catalogue: the named documents, or all page by page. */
  describeDocuments(request: DescribeRequest = {}): DescribeResult {
    return describeDocuments(this.#sql, request);
  }

  /** Rewrites the keyword index in one piece: faster searches, and dropped text leaves the file. For quiet hours. */
  compact(): void {
    this.#write(() => this.#keyword.compact());
  }

  /** Brings the texts of labels to what they are now called; older ones are ignored. */
  putLabelTexts(texts: LabelText[]): void {
    this.#write(() => this.#labelTexts.put(texts));
  }

  /** Drops everything, tombstones too. */
  async clear(): Promise<void> {
    await this.ctx.blockConcurrencyWhile(async () => {
      await this.#deleteAll();
      migrate(this.ctx.storage);
    });
  }

  /**
   * Drops everything, the tables too: nothing of the owner stays on disk, and nothing can be stored before the object is
   * called anew. For owners who are gone. @returns how many tables are left: zero.
   */
  async erase(): Promise<number> {
    await this.ctx.blockConcurrencyWhile(() => this.#deleteAll());
    return this.#countTables();
  }

  /** Takes labels from every document that has them: what they stand for is gone. @returns how many are left: zero. */
  dropLabels(labels: string[]): number {
    return this.#write(() => this.#documents.dropLabels(labels));
  }

  /** One write, one transaction. What memory holds is dropped when it fails, for it may be ahead of the database. */
  #write<T>(work: () => T): T {
    try {
      const { result, outdated } = this.ctx.storage.transactionSync(() => {
        const result = work();
        this.#slots.flush();
        return { result, outdated: this.#results.invalidate() };
      });
      if (outdated.length > 0) this.ctx.waitUntil(this.#shared.discard(outdated));
      return result;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  /** Sees to it that what has another wording than it should gets that. */
  async #rewordLater(): Promise<void> {
    if (!this.#wordings.areOutdated()) return;
    const nothingYet = this.#sql.exec('SELECT number FROM generations LIMIT 1').toArray().length === 0;
    if (nothingYet) this.#write(this.#reword);
    else if ((await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(Date.now() + REWORDING_PAUSE_MS);
  }

  async #deleteAll(): Promise<void> {
    // An object that was erased before has no tables.
    const shared = this.#countTables() === 0 ? [] : this.#shared.names();
    await this.ctx.storage.deleteAll();
    this.#forget();
    await this.#shared.discard(shared);
  }

  #countTables(): number {
    return this.#sql.exec<{ tables: number }>(TABLES).one().tables;
  }

  #memoryBytes(): number {
    return this.#blocks.memoryBytes() + this.#keyword.memoryBytes();
  }

  #forget(): void {
    this.#settings.reset();
    this.#blocks.reset();
    this.#keyword.reset();
    this.#slots.reset();
    this.#visibility.reset();
    this.#wordings.reset();
    this.#facets.reset();
    this.#results.reset();
  }
}
