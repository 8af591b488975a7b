import type { Database } from '../../db/client.ts';
import { createProfilesRepository } from './profiles.repository.ts';
import { usernameSkeleton } from './usernames.ts';

const USERNAMES_PER_SWEEP = 500;

/** Looks at the usernames of accounts that are older than the comparison by looks, or were imported. */
export function createUsernameSweep({ database }: { database: Database }) {
  const repository = createProfilesRepository(database);
  return {
    /** @returns how many it has looked at. */
    async run(): Promise<number> {
      const found = await repository.findUnfoldedUsernames(USERNAMES_PER_SWEEP);
      if (found.length === 0) return 0;
      const skeletons = found.map(({ id, username }) => ({ id, skeleton: usernameSkeleton(username) }));
      await database.commit(repository.setSkeletons(skeletons));
      return found.length;
    },
  };
}
