import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import { createPartBuffer } from '../../platform/files/part-buffer.ts';
import { MAX_PART_NUMBER, type PartStore, type StoredPart } from '../../platform/files/part-store.ts';
import type { Ids } from '../../platform/ids.ts';
import { AppError } from '../../shared/app-error.ts';
import type { Archive } from '../ingestion/archive.ts';
import { arriving, BrokenOffError } from './arriving-bytes.ts';
import type { Checksum } from './checksum.ts';
import { COMPLETION_GRACE_MS, partsOf } from './upload-completion.ts';
import * as errors from './uploads.errors.ts';
import type { Advance, UploadsRepository } from './uploads.repository.ts';
import type { Upload } from './uploads.table.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  archive: Archive;
  parts: PartStore;
  repository: UploadsRepository;
  waitUntil: (work: Promise<unknown>) => void;
};

/** An upload that is this request's own, for now. */
export type ClaimedUpload = Upload & { writer: string };

export type Arrival = {
  body: ReadableStream<Uint8Array> | null;
  /** How long the body is; undefined when that is not said. */
  declaredBytes: number | undefined;
  /** Then nothing counts unless all of it has arrived. */
  checksum: Checksum | undefined;
};

/**
 * Adding bytes to an upload: whole parts into the archive as they arrive, each noted at once, then the rest. One part is
 * in memory at most. What is noted is safe: whatever dies, the next request goes on behind it. A request that another
 * one has overtaken changes nothing any more, not even by what it still has on the way.
 */
export function createUploadWriter(deps: Deps) {
  const { database, clock, ids, archive, parts, repository } = deps;

  /** What is not needed any more. What stays behind goes when the upload ends. */
  const forget = (key: string) => deps.waitUntil(archive.files.remove([key]).catch(() => undefined));

  /** Stores what is less than a part. @returns the name of its object; null for nothing. */
  const putRest = async ({ ownerId, id }: Upload, bytes: Uint8Array): Promise<string | null> => {
    if (bytes.byteLength === 0) return null;
    const restId = ids.next();
    await archive.files.put(archive.uploadRestKey(ownerId, { id, restId }), bytes);
    return restId;
  };

  /** Notes everything that has arrived, and gives the upload back. */
  const settle = async (claimed: ClaimedUpload, advance: Advance): Promise<Upload> => {
    const { ownerId, id } = claimed;
    try {
      const statements = repository.advance(ownerId, claimed, advance);
      const [saved] = await database.commitAndRead(statements, repository.select(ownerId, id));
      if (!saved) throw errors.takenOver();
      return saved;
    } catch (error) {
      // Any other error may have come after the commit.
      if (advance.restId !== null && error instanceof AppError) {
        forget(archive.uploadRestKey(ownerId, { id, restId: advance.restId }));
      }
      throw error;
    }
  };

  /** Bytes of one request on their way into the archive. */
  const begin = (claimed: ClaimedUpload) => {
    const { ownerId, id } = claimed;
    const buffer = createPartBuffer(claimed.partBytes);
    const unsaved: StoredPart[] = [];
    let { receivedBytes, nextPart } = claimed;

    const storePart = async () => {
      const number = nextPart;
      const tag = await parts.put(partsOf(archive, claimed), { number, bytes: buffer.contents() });
      unsaved.push({ number, tag });
      nextPart += 1;
      buffer.clear();
    };

    return {
      size: () => receivedBytes,

      /** Fetches what earlier requests left that is less than a part. */
      async resume() {
        if (claimed.restId === null) return;
        const rest = await archive.files.read(archive.uploadRestKey(ownerId, { id, restId: claimed.restId }));
        if (!rest) throw new Error(`The rest of the upload ${id} is lost.`);
        for await (const piece of rest.body) buffer.take(piece);
      },

      /** @returns whether there is a part to be noted. */
      async add(piece: Uint8Array): Promise<boolean> {
        if (receivedBytes + piece.byteLength > claimed.sizeBytes) throw errors.tooManyBytes(claimed.sizeBytes);
        for (let left = piece; left.byteLength > 0; ) {
          // Only when more follows: the last part is noted together with the end.
          if (buffer.isFull()) await storePart();
          left = buffer.take(left);
        }
        receivedBytes += piece.byteLength;
        return unsaved.length > 0;
      },

      /** Notes the whole parts that have arrived. */
      async save() {
        const now = clock.now();
        const whole = { receivedBytes: receivedBytes - buffer.size(), nextPart, restId: null };
        const advance = { ...whole, parts: unsaved.splice(0), now };
        await database.commit(repository.advance(ownerId, claimed, advance));
      },

      /** Stores what has not been stored, and notes everything. */
      async finish(): Promise<Upload> {
        const isComplete = receivedBytes === claimed.sizeBytes;
        if (isComplete || buffer.isFull()) await storePart();
        const restId = await putRest(claimed, buffer.contents());
        const now = clock.now();
        const ends = { isComplete, dueAt: now + COMPLETION_GRACE_MS };
        return settle(claimed, { receivedBytes, nextPart, restId, parts: unsaved, now, ends });
      },
    };
  };

  type Progress = ReturnType<typeof begin>;

  /** Takes what arrives. @returns whether it broke off. */
  const takeIn = async (progress: Progress, { body, checksum }: Arrival): Promise<boolean> => {
    try {
      for await (const piece of arriving(body)) {
        checksum?.update(piece);
        const hasParts = await progress.add(piece);
        if (hasParts && !checksum) await progress.save();
      }
      return false;
    } catch (error) {
      if (error instanceof BrokenOffError) return true;
      throw error;
    }
  };

  /** Keeps what has arrived. */
  const keep = async (progress: Progress, claimed: ClaimedUpload): Promise<Upload> => {
    const { ownerId, id, restId } = claimed;
    if (progress.size() === claimed.receivedBytes) {
      await repository.release(ownerId, claimed);
      return claimed;
    }
    const saved = await progress.finish();
    if (restId !== null) forget(archive.uploadRestKey(ownerId, { id, restId }));
    return saved;
  };

  const receive = async (claimed: ClaimedUpload, arrival: Arrival): Promise<Upload> => {
    const { declaredBytes = 0, checksum } = arrival;
    if (claimed.receivedBytes + declaredBytes > claimed.sizeBytes) throw errors.tooManyBytes(claimed.sizeBytes);
    if (claimed.reservedPart - 1 > MAX_PART_NUMBER) throw errors.wornOut();
    const progress = begin(claimed);
    await progress.resume();
    const isBroken = await takeIn(progress, arrival);
    if (checksum && isBroken) throw errors.brokenOff();
    if (checksum && !checksum.matches()) throw errors.checksumDiffers();
    const kept = await keep(progress, claimed);
    if (isBroken) throw errors.brokenOff();
    return kept;
  };

  return {
    /**
     * Adds what a request brings.
     * @throws AppError upload_too_long, checksum_mismatch, upload_taken_over, upload_broken_off, upload_worn_out
     */
    async write(claimed: ClaimedUpload, arrival: Arrival): Promise<Upload> {
      const { ownerId, id, writer } = claimed;
      try {
        return await receive(claimed, arrival);
      } catch (error) {
        if (error instanceof AppError) {
          // What it refused is at rest. A claim that stays only costs the next request a number of a part.
          await repository.release(ownerId, claimed).catch(() => undefined);
          throw error;
        }
        // The archive refuses parts of an upload that was deleted or completed meanwhile.
        const present = await repository.find(ownerId, id);
        throw present?.writer === writer ? error : errors.takenOver();
      }
    },
  };
}

export type UploadWriter = ReturnType<typeof createUploadWriter>;
