import type { Config } from '../../../config.ts';
import type { Database, Statement } from '../../../db/client.ts';
import { isUniqueViolation, requireChange } from '../../../db/sql.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Ids } from '../../../platform/ids.ts';
import type { IdentityProvider, IssuedTokens, Person } from '../../../platform/oauth/identity-provider.ts';
import type { KeyRing } from '../../../platform/secrets/key-ring.ts';
import * as identityErrors from '../identity.errors.ts';
import { createIdentityRepository } from '../identity.repository.ts';
import type { User } from '../identity.table.ts';
import { emailKey, usernameKeys } from '../login-keys.ts';
import { NO_PASSWORD } from '../password.ts';
import { derivedUsername, variedUsername } from './derived-username.ts';
import * as errors from './oauth.errors.ts';
import { createOauthRepository } from './oauth.repository.ts';
import type { OauthAccount } from './oauth.table.ts';
import { sealTokens } from './sealed-tokens.ts';

export type OauthUsersDeps = {
  database: Database;
  config: Pick<Config, 'REGISTRATION_OPEN'>;
  clock: Clock;
  ids: Ids;
  keyRing: KeyRing;
};

/** Somebody who has just shown, by a provider, who they are there. */
export type Arrival = {
  provider: Pick<IdentityProvider, 'id' | 'name'>;
  person: Person;
  tokens: IssuedTokens;
};

/** A user, and statements that must take effect together with whatever is done for them, or undo it. */
export type Identified = { user: User; alongside: readonly Statement[] };

/** Who links, and by which session. */
export type Linker = { userId: string; sessionId: string };

/** A bound on rows, far above what people have. */
const MAX_ACCOUNTS = 20;
const USERNAME_TRIES = 3;

/** Whose account here an account elsewhere is. */
export function createOauthUsers({ database, config, clock, ids, keyRing }: OauthUsersDeps) {
  const repository = createOauthRepository(database);
  const identity = createIdentityRepository(database);

  /** Statements that link the account to the user, or renew what is stored of it, or undo the batch. */
  const save = async (userId: string, { provider, person, tokens }: Arrival) => {
    const key = { provider: provider.id, providerAccountId: person.accountId };
    const row = {
      id: ids.next(),
      ...key,
      ownerId: userId,
      email: person.email ?? null,
      sealedTokens: await sealTokens(keyRing, { ...key, ownerId: userId }, tokens),
      tokensExpireAt: tokens.expiresAt,
      scope: tokens.scope,
      now: clock.now(),
    };
    const refusal = () => errors.tooManyAccounts(MAX_ACCOUNTS);
    return [
      repository.requireAccountsBelow(userId, { ...key, limit: MAX_ACCOUNTS, refusal }),
      repository.saveAccount(userId, row),
      requireChange(database, () => errors.linkedToSomebodyElse(provider.name)),
    ] as const;
  };

  const create = async (arrival: Arrival, email: string): Promise<User> => {
    if (!config.REGISTRATION_OPEN) throw identityErrors.registrationClosed();
    const id = ids.next();
    const now = clock.now();
    const times = { createdAt: now, updatedAt: now, emailVerifiedAt: now };
    const facts = { email, emailKey: emailKey(email), fullName: arrival.person.fullName ?? null };
    const linking = await save(id, arrival);
    const insertAs = async (username: string, triesLeft: number): Promise<User | undefined> => {
      const names = { username, ...usernameKeys(username) };
      const insert = identity.insertUser({ id, ...facts, ...names, passwordHash: NO_PASSWORD, ...times });
      try {
        const [[user]] = await database.commit([insert, ...linking]);
        return user;
      } catch (error) {
        const isTaken =
          isUniqueViolation(error, 'users.username_key') || isUniqueViolation(error, 'users.username_skeleton');
        if (isTaken && triesLeft > 1) return insertAs(variedUsername(names.username), triesLeft - 1);
        throw isUniqueViolation(error) ? errors.signedInTwice() : error;
      }
    };
    const user = await insertAs(derivedUsername(arrival.person), USERNAME_TRIES);
    if (!user) throw new Error('The database answered an insert without its row.');
    return user;
  };

  return {
    /**
     * The user that the account elsewhere is linked to; else the one with the same address, if both sides have verified
     * it; else a new one. An address that the provider has not verified opens and makes nothing: whoever claimed it
     * could wait in an account for the one whose address it is.
     */
    async identify(arrival: Arrival): Promise<Identified> {
      const { provider, person } = arrival;
      const key = { provider: provider.id, providerAccountId: person.accountId };
      const email = person.isEmailVerified ? person.email : undefined;
      const [[linked], [namesake]] = await database.commit([
        repository.selectLinkedUser(key),
        repository.selectUserByEmail(email === undefined ? null : emailKey(email)),
      ]);
      if (linked) {
        const isStillLinked = repository.requireAccount(linked.id, {
          ...key,
          refusal: () => errors.signInRefused(provider.name),
        });
        return { user: linked, alongside: [isStillLinked, ...(await save(linked.id, arrival))] };
      }
      if (email === undefined) throw errors.emailNotVerifiedThere(provider.name);
      if (!namesake) return { user: await create(arrival, email), alongside: [] };
      const isTheirs = repository.requireVerifiedEmail(namesake.id, {
        emailKey: emailKey(email),
        refusal: () => errors.accountExists(provider.name),
      });
      return { user: namesake, alongside: [isTheirs, ...(await save(namesake.id, arrival))] };
    },

    /** Links the account elsewhere to a user who is logged in still. */
    async link({ userId, sessionId }: Linker, arrival: Arrival): Promise<OauthAccount> {
      const actor = { userId, scopes: new Set<never>(), credential: { type: 'session', id: sessionId } } as const;
      const isLive = identity.requireLive(actor, { now: clock.now(), refusal: identityErrors.credentialRevoked });
      const [isBelow, saving, isSaved] = await save(userId, arrival);
      const [, , [account]] = await database.commit([isLive, isBelow, saving, isSaved]);
      if (!account) throw new Error('The database answered an insert without its row.');
      return account;
    },
  };
}
