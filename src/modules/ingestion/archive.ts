import { z } from 'zod';
import { type PackedEmbeddings, packEmbeddings, unpackEmbeddings } from '../../platform/embeddings/quantize.ts';
import type { FileStore } from '../../platform/files/file-store.ts';
import type { Chunk } from './chunking.ts';
import { type ModelReading, type ModelReadingName, modelReadingSchema } from './model-reading.ts';
import { profileProposalSchema } from './profile-proposal.ts';

/** Where a document's objects live: one folder per upload of its bytes. */
export type ArchivePlace = { ownerId: string; documentId: string; contentId: string };

/** Everything that belongs to an owner lies under this, whatever it is. */
const ownerPrefix = (ownerId: string) => `owners/${ownerId}/`;
const documentPrefix = (ownerId: string, documentId: string) => `${ownerPrefix(ownerId)}documents/${documentId}/`;
const uploadPrefix = (ownerId: string, uploadId: string) => `${ownerPrefix(ownerId)}uploads/${uploadId}/`;
const folder = (place: ArchivePlace) => `${documentPrefix(place.ownerId, place.documentId)}${place.contentId}/`;

const originalKey = (place: ArchivePlace) => `${folder(place)}original`;
const readingKey = (place: ArchivePlace) => `${folder(place)}reading.json`;

/** `model-ocr-…`: what a model read in the original; `.part` while it has not seen all of it. */
const modelPrefix = (place: ArchivePlace) => `${folder(place)}model-`;
const modelKey = (place: ArchivePlace, { step, model }: ModelReadingName) =>
  `${modelPrefix(place)}${step}-${model.replace(/[^\w.-]/g, '_').slice(0, 120)}`;

const KEY = /^owners\/(?<ownerId>[^/]+)\/documents\/(?<documentId>[^/]+)\/(?<contentId>[^/]+)\//;

/** The document that an archive key belongs to; undefined for a key that this platform did not make. */
export function parseArchiveKey(key: string): ArchivePlace | undefined {
  const groups = KEY.exec(key)?.groups;
  if (!groups?.['ownerId'] || !groups['documentId'] || !groups['contentId']) return undefined;
  return { ownerId: groups['ownerId'], documentId: groups['documentId'], contentId: groups['contentId'] };
}

const chunkSchema = z.object({
  ordinal: z.number().int().nonnegative(),
  start: z.number().int().nonnegative(),
  end: z.number().int().nonnegative(),
  page: z.number().int().positive().nullable(),
  headings: z.array(z.string()),
  time: z.object({ startMs: z.number(), endMs: z.number() }).optional(),
  header: z.string().optional(),
}) satisfies z.ZodType<Chunk>;

/** What reading a document gave, as kept in the archive: its text once, everything else as offsets into it. */
const readingSchema = z.object({
  format: z.literal(1),
  /** Name and version of the extractor. */
  extractor: z.string(),
  kind: z.string(),
  title: z.string().optional(),
  language: z.string().nullable(),
  metadata: z.record(z.string(), z.json()),
  pageCount: z.number().int().nonnegative().nullable(),
  /** Profile that the chunks were cut for. */
  profile: z.string(),
  /** What the rules said of it; readings of earlier versions have none. */
  proposal: profileProposalSchema.optional(),
  text: z.string(),
  chunks: z.array(chunkSchema),
  /** What a hosted model could still read in the original. */
  wanted: z.array(z.enum(['ocr', 'caption', 'transcript', 'markdown'])).default([]),
  /** Whose readings are part of the text. */
  models: z.array(modelReadingSchema.pick({ step: true, model: true })).default([]),
  measurements: z.record(z.string(), z.record(z.string(), z.json())).default({}),
  /** Identifies text and chunks; embeddings name the hash that they were made for. */
  hash: z.string(),
});

export type Reading = z.output<typeof readingSchema>;

/** The archive (R2): the bytes of record, and what was costly to derive from them. */
export function createArchive(files: FileStore) {
  async function* listAll(prefix: string) {
    for (let cursor: string | undefined, more = true; more; ) {
      const page = await files.list(prefix, cursor);
      yield page.files;
      cursor = page.cursor;
      more = cursor !== undefined;
    }
  }

  return {
    files,
    originalKey,
    readingKey,

    /** What has arrived of an upload, but is less than a part. Each such rest has an object of its own. */
    uploadRestKey: (ownerId: string, { id, restId }: { id: string; restId: string }) =>
      `${uploadPrefix(ownerId, id)}${restId}`,

    async putReading(place: ArchivePlace, reading: Reading): Promise<void> {
      await files.put(readingKey(place), new TextEncoder().encode(JSON.stringify(reading)));
    },

    /** Undefined when the document has not been read yet. */
    async getReading(place: ArchivePlace): Promise<Reading | undefined> {
      const bytes = await files.readBytes(readingKey(place));
      return bytes && readingSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    },

    async putEmbeddings(place: ArchivePlace, embeddings: PackedEmbeddings): Promise<void> {
      await files.put(`${folder(place)}embeddings.bin`, packEmbeddings(embeddings));
    },

    async getEmbeddings(place: ArchivePlace): Promise<PackedEmbeddings | undefined> {
      const bytes = await files.readBytes(`${folder(place)}embeddings.bin`);
      return bytes && unpackEmbeddings(bytes);
    },

    async putModelReading(
      place: ArchivePlace,
      reading: ModelReading,
      { isWhole }: { isWhole: boolean },
    ): Promise<void> {
      const key = modelKey(place, reading);
      await files.put(`${key}${isWhole ? '' : '.part'}`, new TextEncoder().encode(JSON.stringify(reading)));
      if (isWhole) await files.remove([`${key}.part`]);
    },

    /** What that model has read in these bytes, or what it had got to. */
    async getModelReading(
      place: ArchivePlace,
      name: ModelReadingName,
      { isWhole }: { isWhole: boolean } = { isWhole: true },
    ): Promise<ModelReading | undefined> {
      const bytes = await files.readBytes(`${modelKey(place, name)}${isWhole ? '' : '.part'}`);
      const reading = bytes && modelReadingSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
      return reading?.model === name.model ? reading : undefined;
    },

    /** What models have read in these bytes: of each step what was put last. */
    async listModelReadings(place: ArchivePlace): Promise<ModelReading[]> {
      const { files: found } = await files.list(modelPrefix(place));
      const whole = found.filter(({ key }) => !key.endsWith('.part')).sort((a, b) => a.uploadedAt - b.uploadedAt);
      const last = new Map(whole.map(({ key }) => [key.slice(modelPrefix(place).length).split('-')[0], key]));
      const contents = await Promise.all([...last.values()].map((key) => files.readBytes(key)));
      return contents.flatMap((bytes) =>
        bytes ? modelReadingSchema.parse(JSON.parse(new TextDecoder().decode(bytes))) : [],
      );
    },

    /** Removes everything of a document. @returns how many objects there were. */
    removeDocument: (ownerId: string, documentId: string) => files.removeAll(documentPrefix(ownerId, documentId)),

    /** Removes what belongs to one upload of a document's bytes. */
    removeContent: (place: ArchivePlace) => files.removeAll(folder(place)),

    /** Files the bytes of one upload under another document too. */
    copyOriginal: (from: ArchivePlace, to: ArchivePlace) => files.copy(originalKey(from), originalKey(to)),

    /** Removes what lies beside the parts of an upload. */
    removeUpload: (ownerId: string, id: string) => files.removeAll(uploadPrefix(ownerId, id)),

    /** Names of the files in one folder. */
    async listFiles(place: ArchivePlace): Promise<string[]> {
      const { files: found } = await files.list(folder(place));
      return found.map(({ key }) => key.split('/').at(-1) ?? '');
    },

    /** Names of the files of all uploads of a document's bytes, by content id. */
    async listContents(ownerId: string, documentId: string): Promise<Map<string, Set<string>>> {
      const contents = new Map<string, Set<string>>();
      for await (const page of listAll(documentPrefix(ownerId, documentId))) {
        for (const { key } of page) {
          const contentId = parseArchiveKey(key)?.contentId ?? '';
          const names = contents.get(contentId) ?? new Set();
          contents.set(contentId, names.add(key.split('/').at(-1) ?? ''));
        }
      }
      return contents;
    },

    /** All of an owner's objects, page by page. */
    listOwner: (ownerId: string) => listAll(ownerPrefix(ownerId)),

    /** Removes all of an owner's objects, page by page. Yields how many each had. */
    async *removeOwner(ownerId: string) {
      for await (const page of this.listOwner(ownerId)) {
        await files.remove(page.map(({ key }) => key));
        yield page.length;
      }
    },

    /** How many objects the archive still has of an owner, up to a page of them. */
    async countOwner(ownerId: string): Promise<number> {
      return (await files.list(ownerPrefix(ownerId))).files.length;
    },

    /** How many objects the archive still has of a document. */
    async countObjects(ownerId: string, documentId: string): Promise<number> {
      return (await files.list(documentPrefix(ownerId, documentId))).files.length;
    },
  };
}

export type Archive = ReturnType<typeof createArchive>;

/** SHA-256 over the text, where it is cut and what is put in front of the pieces, lower-case hex. */
export async function hashReading(text: string, chunks: Chunk[]): Promise<string> {
  const cuts = JSON.stringify(chunks.map(({ start, end, headings, header }) => [start, end, headings, header]));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${cuts}\n${text}`));
  return new Uint8Array(digest).toHex();
}
