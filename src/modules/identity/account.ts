import { requireChange } from '../../db/sql.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound, staleVersion } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import type { AuthenticationDeps } from './authentication.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { Session, User } from './identity.table.ts';
import { usernameKeys } from './login-keys.ts';
import { createProfilesRepository } from './profiles.repository.ts';
import { createSessionsRepository } from './sessions.repository.ts';

type ProfileFields = Pick<
  User,
  'fullName' | 'username' | 'bio' | 'theme' | 'locale' | 'timeZone' | 'preferredModel' | 'preferences'
>;

export type ChangeAccount = { [K in Exclude<keyof ProfileFields, 'preferences'>]?: ProfileFields[K] | undefined } & {
  /** A JSON merge patch (RFC 7396): what is null is removed, what is absent stays. Null for all of them: empties. */
  preferences?: ProfileFields['preferences'] | null | undefined;
  expectedVersion?: number | undefined;
};

/** Room for what apps remember of their users, not for what they store. */
const MAX_PREFERENCES_BYTES = 16 * 1024;

/** What a user may see and change of their own account. */
export function createAccount({ database, clock, identities }: Omit<AuthenticationDeps, 'waitUntil'>) {
  const repository = createIdentityRepository(database);
  const profiles = createProfilesRepository(database);
  const sessions = createSessionsRepository(database);

  const getAccount = async (actor: Actor): Promise<User> => {
    const user = await repository.findUser(actor.userId);
    if (!user) throw errors.credentialRevoked();
    return user;
  };

  /** What preferences become by a patch, and the guard that keeps them small enough. */
  const merge = (userId: string, patch: ChangeAccount['preferences']) => {
    if (!patch) return { merged: patch === null ? {} : undefined, room: [] };
    const refusal = () => errors.preferencesTooLarge(MAX_PREFERENCES_BYTES);
    const room = profiles.requireRoom(userId, { patch, bytes: MAX_PREFERENCES_BYTES, refusal });
    return { merged: profiles.mergedPreferences(patch), room: [room] };
  };

  return {
    getAccount,

    /** @throws stale_version when an expected version is given and is not the present one. */
    async changeAccount(actor: Actor, { expectedVersion, preferences, ...fields }: ChangeAccount): Promise<User> {
      const { userId } = actor;
      const keys = fields.username === undefined ? {} : usernameKeys(fields.username);
      const { room, merged } = merge(userId, preferences);
      const changes = { ...fields, ...keys, preferences: merged };
      const update = repository.updateUser(userId, { changes, expectedVersion, now: clock.now() });
      const refusal = () => (expectedVersion === undefined ? errors.credentialRevoked() : staleVersion('account'));
      try {
        // Merged once more, the preferences stay as they are: so they may be measured afterwards.
        const [[user]] = await database.commit([update, requireChange(database, refusal), ...room]);
        if (!user) throw refusal();
        return user;
      } catch (error) {
        throw errors.takenError(error) ?? error;
      }
    },

    /** Figures about an account, to be read with others. */
    summarise: (userId: string) => profiles.summarise(userId, clock.now()),

    /** Sessions that can still be continued. */
    listSessions(actor: Actor, page: PageRequest): Promise<Page<Session>> {
      return repository.listSessions(actor.userId, { ...page, now: clock.now() });
    },

    /** Gives a device a name; null takes it back. */
    async renameSession(actor: Actor, { id, deviceName }: { id: string; deviceName: string | null }): Promise<Session> {
      const rename = sessions.rename(actor.userId, { id, deviceName, now: clock.now() });
      const refusal = () => notFound('session');
      const [[session]] = await database.commit([rename, requireChange(database, refusal)]);
      if (!session) throw refusal();
      return session;
    },

    async endSession(actor: Actor, id: string): Promise<void> {
      await database.commit([
        repository.removeSession(actor.userId, id),
        requireChange(database, () => notFound('session')),
      ]);
      identities.forgetCredential(id);
    },

    /** Ends all sessions, or all but the one that asks. API keys stay. */
    async endSessions({ userId, credential }: Actor, { keepsCurrent }: { keepsCurrent: boolean }): Promise<void> {
      const removal = keepsCurrent ? repository.removeOtherSessions(userId, credential.id) : sessions.removeAll(userId);
      await database.commit([removal]);
      identities.forgetUser(userId);
    },
  };
}
