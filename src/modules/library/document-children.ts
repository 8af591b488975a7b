import { createHash } from 'node:crypto';
import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import { uuidOf } from '../../platform/ids.ts';
import type { Archive, ArchivePlace } from '../ingestion/archive.ts';
import { MAX_EXTRACTABLE_BYTES } from '../ingestion/extraction/extract.ts';
import { type ChildFile, ExtractionError } from '../ingestion/extraction/extractor.ts';
import type { JobsService } from '../ingestion/ingestion.service.ts';
import type { Attempt } from '../ingestion/job-runner.ts';
import { placeOf } from './document-content.ts';
import type { ProcessedDocument } from './document-processing.ts';
import { createFamiliesRepository } from './families.repository.ts';
import { safeFilename, safeMediaType } from './filenames.ts';
import type { Document } from './library.table.ts';
import { newDocument } from './new-document.ts';
import { createVersionsRepository } from './versions.repository.ts';

type Deps = { database: Database; clock: Clock; archive: Archive; jobs: JobsService };

/** An archive in a mail in an archive in a mail: what is packed deeper than this is left unread. */
const MAX_DEPTH = 4;
/** All that comes out of one uploaded file, at whatever depth: archives of archives multiply. */
const MAX_FAMILY = 5_000;
/** Documents made by one commit. */
const GROUP_SIZE = 250;
/** Files in memory at a time, and on their way to the archive. */
const SLICE_FILES = 6;
const SLICE_BYTES = 8 * 1024 * 1024;

const MAX_NOTES = 50;
const MAX_PATH_CHARACTERS = 1000;

export type Brood = { document: ProcessedDocument; kind: string; children: ChildFile[] };

/** A file that came out of another, stored under the document that it is to become. */
type Stored = { child: ChildFile; place: ArchivePlace; sha256: string; size: number };

/** Files that are adopted by one commit, and the document that all of the family came out of. */
type Group = { brood: Brood; rootId: string; stored: Stored[] };

/** More has come out of one file than anybody packs by hand. */
class FamilyTooLargeError extends Error {
  override readonly name = 'FamilyTooLargeError';
}

/** Makes documents of the files that a document holds: attachments, messages, entries of an archive. */
export function createDocumentChildren({ database, clock, archive, jobs }: Deps) {
  const families = createFamiliesRepository(database);
  const versions = createVersionsRepository(database);

  const put = async ({ place }: Stored, bytes: Uint8Array) => archive.files.put(archive.originalKey(place), bytes);

  /** Reads and stores some files; says of those that cannot be read why they are left out. */
  const storeSlice = async (slice: ChildFile[], { place, note }: Naming): Promise<Stored[]> => {
    const read = await Promise.all(slice.flatMap((child) => hashed(child, note)));
    const stored = read.flatMap(({ child, bytes, sha256 }) => {
      const own = place(child, sha256);
      return own ? [{ bytes, stored: { child, place: own, sha256, size: bytes.length } }] : [];
    });
    await Promise.all(stored.map((file) => put(file.stored, file.bytes)));
    return stored.map((file) => file.stored);
  };

  /** Makes documents and jobs of stored files, of each once; wakes the jobs. */
  const adoptGroup = async (attempt: Attempt, { brood, rootId, stored }: Group) => {
    const { document, kind } = brood;
    const { ownerId } = document;
    const now = clock.now();
    const rows = stored.map((file) => childRow(document, { file, now }));
    const ids = rows.map(({ id }) => id);
    const parentId = attempt.job.parentId ?? attempt.job.id;
    const works = ids.map((subjectId) => ({ ownerId, type: 'process_document' as const, subjectId, parentId }));
    const prepared = jobs.prepareMany(works, families.isOnNewDocument);
    const group = { ids, parentId: document.id, now };
    const present = await database.commitAndRead(
      [
        attempt.requireLease(),
        prepared.insert,
        families.insertMissing(rows),
        families.requireRoom(rootId, { most: MAX_FAMILY, refusal: () => new FamilyTooLargeError() }),
        ...families.fileLikeParent(ownerId, group),
        // Attachments go where their mail is.
        ...(kind === 'email' ? [families.trashLikeParent(ownerId, group)] : []),
      ],
      families.places(ownerId, ids),
    );
    const made = new Set(present.filter(({ createdAt }) => createdAt === now).map(({ id }) => id));
    await jobs.wake(prepared.jobs.flatMap(({ id, subjectId }) => (made.has(subjectId ?? '') ? [id] : [])));
    const hasAll = stored.every(({ place }) => present.some(({ contentId }) => contentId === place.contentId));
    if (!hasAll) await dropUnused(ownerId, stored);
  };

  /** Removes bytes that no document has, and none has had: it was never made, or they were deleted for good. */
  const dropUnused = async (ownerId: string, stored: Stored[]) => {
    const contents = await versions.contentsOf(
      ownerId,
      stored.map(({ place }) => place.documentId),
    );
    const used = new Set(contents.map(({ contentId }) => contentId));
    const unused = stored.filter(({ place }) => !used.has(place.contentId));
    await archive.files.remove(unused.map(({ place }) => archive.originalKey(place)));
  };

  /** The same, unless too much has come out of one file: then what was stored goes again. */
  const adoptIfRoom = async (attempt: Attempt, group: Group, note: Naming['note']) => {
    try {
      await adoptGroup(attempt, group);
    } catch (error) {
      if (!(error instanceof FamilyTooLargeError)) throw error;
      const { stored, brood } = group;
      await dropUnused(brood.document.ownerId, stored);
      for (const { child } of stored) note(child, `more than ${MAX_FAMILY} files came out of one`);
    }
  };

  return {
    /**
     * Makes a document of each file that there is none of yet, filed as its parent is, with a job that reads it. Doing
     * it again changes nothing: a child's id says whose child it is and what its bytes are. What was deleted for good
     * stays away.
     * @returns what to say of those that were left unread, for the parent's metadata.
     */
    async adopt(attempt: Attempt, brood: Brood): Promise<{ leftUnread?: string[] }> {
      const { document, children } = brood;
      if (children.length === 0) return {};
      const notes = createNotes();
      const lineage = await families.lineage(document.ownerId, document.id);
      const rootId = lineage.at(-1)?.id ?? document.id;
      const naming = createNaming(document, { ancestors: lineage.map(({ sha256 }) => sha256), note: notes.add });
      const readable = children.filter((child) => {
        const reason = refusal(child, lineage.length);
        if (reason !== undefined) notes.add(child, reason);
        return reason === undefined;
      });
      for (const group of pieces(readable, { count: GROUP_SIZE, bytes: Number.POSITIVE_INFINITY })) {
        await attempt.prove();
        const stored: Stored[] = [];
        for (const slice of pieces(group, { count: SLICE_FILES, bytes: SLICE_BYTES })) {
          stored.push(...(await storeSlice(slice, naming)));
          await attempt.heartbeat();
        }
        if (stored.length > 0) await adoptIfRoom(attempt, { brood, rootId, stored }, notes.add);
      }
      return notes.all();
    },
  };
}

export type DocumentChildren = ReturnType<typeof createDocumentChildren>;

/** Why a file is left unread, as far as can be said without its bytes. */
function refusal({ size }: ChildFile, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return `it is packed more than ${MAX_DEPTH} levels deep`;
  return size > MAX_EXTRACTABLE_BYTES ? 'it is too large to be read' : undefined;
}

type Naming = {
  /** Where a child's bytes go; undefined for one that is left unread. */
  place(child: ChildFile, sha256: string): ArchivePlace | undefined;
  note(child: ChildFile, reason: string): void;
};

/** Gives children their ids, the same in every attempt: by their parent, their bytes, and which of the same bytes they are. */
function createNaming(
  document: ProcessedDocument,
  { ancestors, note }: { ancestors: string[]; note: Naming['note'] },
): Naming {
  const seen = new Map<string, number>();
  return {
    note,
    place(child, sha256) {
      if (ancestors.includes(sha256)) {
        note(child, 'it is the file that it came out of');
        return undefined;
      }
      const nth = (seen.get(sha256) ?? 0) + 1;
      seen.set(sha256, nth);
      const id = (what: string) => uuidOf(document.createdAt, digest(`${what}\n${document.id}\n${sha256}\n${nth}`));
      return { ...placeOf(document), documentId: id('document'), contentId: id('content') };
    },
  };
}

/** The file's bytes and their hash; nothing for a file that cannot be read. */
function hashed(
  child: ChildFile,
  note: Naming['note'],
): Promise<{ child: ChildFile; bytes: Uint8Array; sha256: string }>[] {
  try {
    const bytes = child.read();
    return [
      crypto.subtle.digest('SHA-256', bytes).then((hash) => ({ child, bytes, sha256: new Uint8Array(hash).toHex() })),
    ];
  } catch (error) {
    if (!(error instanceof ExtractionError)) throw error;
    note(child, error.message);
    return [];
  }
}

function childRow(document: ProcessedDocument, { file, now }: { file: Stored; now: number }): Document {
  const { child, place, sha256, size } = file;
  const path = child.path?.slice(0, MAX_PATH_CHARACTERS).toWellFormed();
  return newDocument({
    place,
    file: { filename: safeFilename(child.filename), mediaType: safeMediaType(child.mediaType), sha256, size },
    fields: {
      profile: document.profileChosenBy === 'user' ? document.profile : undefined,
      metadata: path === undefined ? {} : { path },
    },
    parentDocumentId: document.id,
    now,
  });
}

/** Runs of neighbours, each of at most so many, and of so many bytes unless one alone has more. */
function pieces(children: ChildFile[], most: { count: number; bytes: number }): ChildFile[][] {
  const found: ChildFile[][] = [];
  let bytes = 0;
  for (const child of children) {
    const last = found.at(-1);
    bytes += child.size;
    if (last && last.length < most.count && bytes <= most.bytes) {
      last.push(child);
      continue;
    }
    found.push([child]);
    bytes = child.size;
  }
  return found;
}

function createNotes() {
  const notes: string[] = [];
  let count = 0;
  return {
    add({ path, filename }: ChildFile, reason: string) {
      count += 1;
      if (notes.length < MAX_NOTES) notes.push(`${(path ?? filename).slice(0, 200).toWellFormed()}: ${reason}`);
    },
    all(): { leftUnread?: string[] } {
      if (count === 0) return {};
      const more = count - notes.length;
      return { leftUnread: more > 0 ? [...notes, `and ${more} more`] : notes };
    },
  };
}

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();
