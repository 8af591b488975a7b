import { env } from 'cloudflare:workers';
import { createIndexOf, type LibraryIndexClient } from '../../src/index-object/client.ts';
import type { IndexedDocument, IndexSearchRequest, SearchHit } from '../../src/index-object/index.types.ts';
import { createHashingEmbeddings } from '../../src/platform/embeddings/hashing.ts';
import { quantizeAll } from '../../src/platform/embeddings/quantize.ts';

export const embeddings = createHashingEmbeddings();
export const indexOf = createIndexOf(env.LIBRARY_INDEX);

export function newOwner(): string {
  return crypto.randomUUID();
}

export function aDocument(documentId: string, changes: Partial<IndexedDocument> = {}): IndexedDocument {
  return {
    documentId,
    revision: 1,
    title: '',
    kind: 'text',
    profile: 'general',
    language: 'en',
    createdAt: 1_700_000_000_000,
    labels: [],
    visible: true,
    ...changes,
  };
}

export function chunksOf(texts: string[]) {
  let start = 0;
  return texts.map((text, ordinal) => {
    const chunk = { ordinal, text, start, end: start + text.length, page: null, headings: [] };
    start = chunk.end;
    return chunk;
  });
}

/** Vectors of texts by the built-in embedding, for chunks from `first` on. */
export async function vectorsOf(texts: string[], first = 0) {
  const { model, dimension } = embeddings;
  const vectors = await embeddings.embed(texts, 'document');
  return { model, dimension, ordinals: texts.map((_, i) => first + i), ...quantizeAll(vectors, dimension) };
}

/** Brings a document with its texts and vectors into an index, all the way. */
export async function indexed(index: LibraryIndexClient, document: IndexedDocument, texts: string[]): Promise<void> {
  await index.beginGeneration(document);
  await index.appendChunks(document, chunksOf(texts));
  await index.putVectors(document.documentId, await vectorsOf(texts));
  const committed = await index.commitGeneration(document, texts.length);
  if (!committed.ok) throw new Error(committed.reason);
}

export function aSearch(query: string, changes: Partial<IndexSearchRequest> = {}): IndexSearchRequest {
  return {
    mode: 'keyword',
    query,
    match: 'auto',
    filter: {},
    limit: 10,
    offset: 0,
    weights: { keyword: 1, semantic: 1 },
    ...changes,
  };
}

export async function vectorFor(query: string): Promise<{ model: string; values: Float32Array }> {
  const [values] = await embeddings.embed([query], 'query');
  if (values === undefined) throw new Error('No vector');
  return { model: embeddings.model, values };
}

/** Ids of the documents found, best first. */
export function idsOf(hits: SearchHit[]): string[] {
  return hits.map((hit) => hit.documentId);
}
