import type { Database } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileStore } from '../../platform/files/file-store.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError, notFound } from '../../shared/app-error.ts';
import { readAtMost } from '../../shared/bounded-body.ts';
import * as errors from './identity.errors.ts';
import type { Avatar, User } from './identity.table.ts';
import { readPicture } from './picture.ts';
import { createProfilesRepository } from './profiles.repository.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  files: FileStore;
  logger: Logger;
  waitUntil: (work: Promise<unknown>) => void;
};

export const MAX_AVATAR_BYTES = 1_000_000;
/** A small file can have pixels enough to exhaust the memory of who looks at it. */
const MAX_SIDE_PIXELS = 4096;

const keyOf = (ownerId: string, { id }: Pick<Avatar, 'id'>) => `owners/${ownerId}/avatars/${id}`;

/** Pictures of people: bytes into the archive first, then their row. Each has an object of its own, never written twice. */
export function createAvatarsService({ database, clock, ids, files, logger, waitUntil }: Deps) {
  const repository = createProfilesRepository(database);

  /** Removes the object of a picture that is no longer shown. What a crash leaves behind, the reconciliation removes. */
  const discard = (ownerId: string, avatar: Pick<Avatar, 'id'>): void =>
    waitUntil(
      files
        .remove([keyOf(ownerId, avatar)])
        .catch((error: unknown) => logger.error('avatar.kept', error, { userId: ownerId })),
    );

  /** Shows this picture, or none, and discards the one that it replaces. */
  const show = async (ownerId: string, avatar: Avatar | null): Promise<User> => {
    const refusal = () => (avatar === null ? notFound('picture') : errors.credentialRevoked());
    const [[before], [user]] = await database.commit([
      repository.selectAvatar(ownerId),
      repository.setAvatar(ownerId, { avatar, now: clock.now() }),
      requireChange(database, refusal),
    ]);
    if (!user) throw refusal();
    const replaced = before?.avatar ?? null;
    if (replaced) discard(ownerId, replaced);
    return user;
  };

  return {
    /** @throws too_large, unsupported_media_type, or invalid_fields for what is no whole picture or has too many pixels. */
    async replace({ userId }: Actor, body: ReadableStream<Uint8Array> | null): Promise<User> {
      const bytes = await readAtMost(body, MAX_AVATAR_BYTES);
      if (!bytes) throw errors.pictureTooLarge(MAX_AVATAR_BYTES);
      const facts = readPicture(bytes);
      if (facts === 'unknown') throw errors.pictureNotTaken();
      if (facts === 'broken') throw errors.pictureBroken();
      if (Math.max(facts.width, facts.height) > MAX_SIDE_PIXELS) throw errors.pictureTooWide(MAX_SIDE_PIXELS);
      const avatar = { id: ids.next(), sizeBytes: bytes.byteLength, ...facts };
      await files.put(keyOf(userId, avatar), bytes);
      try {
        return await show(userId, avatar);
      } catch (error) {
        // Any other error may have come after the commit: then the reconciliation decides.
        if (error instanceof AppError) discard(userId, avatar);
        throw error;
      }
    },

    /** What there is to see. */
    async get({ userId }: Actor): Promise<Avatar> {
      const [found] = await repository.selectAvatar(userId);
      if (!found?.avatar) throw notFound('picture');
      return found.avatar;
    },

    /** The bytes of a picture that {@link get} gave. */
    async open({ userId }: Actor, avatar: Avatar): Promise<ReadableStream<Uint8Array>> {
      const file = await files.read(keyOf(userId, avatar));
      if (!file) throw notFound('picture');
      return file.body;
    },

    async remove({ userId }: Actor): Promise<void> {
      await show(userId, null);
    },

    /** The keys of all objects under the owner's folder that pictures need: others of theirs are left over from crashes. */
    async listKeys(ownerId: string): Promise<Set<string>> {
      const [found] = await repository.selectAvatar(ownerId);
      return new Set(found?.avatar ? [keyOf(ownerId, found.avatar)] : []);
    },
  };
}

export type AvatarsService = ReturnType<typeof createAvatarsService>;
