import { requireChange } from '../../db/sql.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound, staleVersion } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import type { AuthenticationDeps } from './authentication.ts';
import { credentialRevoked } from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { Session, User } from './identity.table.ts';

export type ChangeAccount = { fullName?: string | null | undefined; expectedVersion?: number | undefined };

/** What a user may see and change of their own account. */
export function createAccount({ database, clock, identities }: Omit<AuthenticationDeps, 'waitUntil'>) {
  const repository = createIdentityRepository(database);

  const getAccount = async (actor: Actor): Promise<User> => {
    const user = await repository.findUser(actor.userId);
    if (!user) throw credentialRevoked();
    return user;
  };

  return {
    getAccount,

    /** @throws stale_version when an expected version is given and is not the present one. */
    async changeAccount(actor: Actor, { expectedVersion, fullName }: ChangeAccount): Promise<User> {
      const changes = fullName === undefined ? {} : { fullName };
      const update = repository.updateUser(actor.userId, { changes, expectedVersion, now: clock.now() });
      const refusal = () => (expectedVersion === undefined ? credentialRevoked() : staleVersion('account'));
      const [[user]] = await database.commit([update, requireChange(database, refusal)]);
      if (!user) throw refusal();
      return user;
    },

    /** Sessions that can still be continued. */
    listSessions(actor: Actor, page: PageRequest): Promise<Page<Session>> {
      return repository.listSessions(actor.userId, { ...page, now: clock.now() });
    },

    async endSession(actor: Actor, id: string): Promise<void> {
      await database.commit([
        repository.removeSession(actor.userId, id),
        requireChange(database, () => notFound('session')),
      ]);
      identities.forgetCredential(id);
    },
  };
}
