import type { Config } from '../../../config.ts';
import type { Database, Statement } from '../../../db/client.ts';
import type { Attempt, Attempts } from '../../../limit-objects/attempts.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { KeyRing } from '../../../platform/secrets/key-ring.ts';
import type { Actor } from '../../../shared/actor.ts';
import { credentialRevoked, sessionRequired } from '../identity.errors.ts';
import { createIdentityRepository } from '../identity.repository.ts';
import type { User } from '../identity.table.ts';
import type { IdentityCache } from '../identity-cache.ts';
import { recoveryCodesReplacedMail } from '../mails/recovery-codes.ts';
import { twoFactorOffMail, twoFactorOnMail } from '../mails/two-factor-changed.ts';
import { createPasswords } from '../password.ts';
import { createCodeCheck, secretContext } from './code-check.ts';
import * as errors from './factors.errors.ts';
import type { TwoFactor } from './factors.table.ts';
import { createNotices, type NoticeDeps } from './notices.ts';
import { recentLogin } from './recent-login.ts';
import { hashRecoveryCode, newRecoveryCodes } from './recovery-codes.ts';
import { newTotpSecret, type TotpSecret } from './totp.ts';
import { createTwoFactorRepository, type Factors } from './two-factor.repository.ts';

type Deps = NoticeDeps & {
  database: Database;
  config: Pick<Config, 'SCRYPT_COST_LOG2'>;
  clock: Clock;
  keyRing: KeyRing;
  identities: IdentityCache;
  attempts: Attempts;
};

type Proofs = { password: string /** Needed unless the session is recent. */; code?: string | undefined };

/** A user's authenticator app and recovery codes. Only sessions manage them. */
export function createTwoFactorService(deps: Deps) {
  const { database, config, clock, ids, keyRing, identities, attempts, verifications } = deps;
  const repository = createTwoFactorRepository(database);
  const identity = createIdentityRepository(database);
  const passwords = createPasswords({ costLog2: config.SCRYPT_COST_LOG2 });
  const checkCode = createCodeCheck(deps);
  const notify = createNotices(deps);

  const load = async ({ userId, credential }: Actor): Promise<{ user: User; twoFactor: TwoFactor | undefined }> => {
    if (credential.type !== 'session') throw sessionRequired();
    const { user, twoFactor } = await repository.find(userId);
    if (!user) throw credentialRevoked();
    return { user, twoFactor };
  };

  const confirmPassword = async (user: User, password: string): Promise<void> => {
    const attempt = await attempts.begin({ what: 'password', account: user.id });
    if (!(await passwords.verify(password, user.passwordHash))) throw errors.wrongPassword();
    await attempt.succeed();
  };

  const beginCode = (user: User) => attempts.begin({ what: 'two_factor', account: user.id });
  /** What was committed stands, whether or not the counter can be reached. */
  const settle = (attempt: Attempt | undefined) => verifications.inBackground(async () => attempt?.succeed());

  const requireLive = (actor: Actor, now: number) => identity.requireLive(actor, { now, refusal: credentialRevoked });

  /** The statements that undo a batch unless the user has shown both factors, the second one now or lately. */
  const requireBoth = async (
    actor: Actor,
    { password, code }: Proofs,
  ): Promise<{ user: User; attempt: Attempt | undefined; guards: Statement[] }> => {
    const { user, twoFactor } = await load(actor);
    if (!twoFactor || user.twoFactorEnabledAt === null) throw errors.twoFactorDisabled();
    await confirmPassword(user, password);
    const now = clock.now();
    const live = requireLive(actor, now);
    if (code === undefined) {
      const recent = identity.requireRecentSession(actor, recentLogin(now, errors.codeRequired));
      return { user, attempt: undefined, guards: [live, recent] };
    }
    const attempt = await beginCode(user);
    const proof = await checkCode(twoFactor, code);
    if (!proof) throw errors.wrongCode();
    return { user, attempt, guards: [live, ...repository.spend(user.id, { proof, now, refusal: errors.wrongCode })] };
  };

  const replaceCodes = (ownerId: string, now: number): { codes: string[]; statements: Statement[] } => {
    const codes = newRecoveryCodes();
    const hashes = codes.map((code) => hashRecoveryCode(ownerId, code));
    return { codes, statements: [repository.removeCodes(ownerId), repository.insertCodes(ownerId, { hashes, now })] };
  };

  return {
    async getFactors({ userId }: Actor): Promise<Factors> {
      const [[factors]] = await database.commit([repository.selectFactors(userId)]);
      if (!factors) throw credentialRevoked();
      return factors;
    },

    /** Makes a secret for an app, instead of one that was not confirmed. It takes effect with its first code. */
    async enroll(actor: Actor, password: string): Promise<TotpSecret> {
      const { user } = await load(actor);
      if (user.twoFactorEnabledAt !== null) throw errors.twoFactorEnabled();
      await confirmPassword(user, password);
      const { secret, uri } = await newTotpSecret(user.username);
      const now = clock.now();
      const id = ids.next();
      const sealed = await keyRing.seal(secret, secretContext({ id }));
      await database.commit([
        requireLive(actor, now),
        repository.requireOff(user.id, errors.twoFactorEnabled),
        repository.remove(user.id),
        repository.insert({ id, ownerId: user.id, secret: sealed, createdAt: now, updatedAt: now }),
      ]);
      return { secret, uri };
    },

    /**
     * Turns the second factor on by a code of the enrolled app. Ends every session but the one that asks: they have
     * shown one factor only.
     * @returns the recovery codes, which are never shown again.
     */
    async confirm(actor: Actor, code: string): Promise<string[]> {
      const { user, twoFactor } = await load(actor);
      if (user.twoFactorEnabledAt !== null) throw errors.twoFactorEnabled();
      if (!twoFactor) throw errors.notEnrolled();
      const attempt = await beginCode(user);
      const proof = await checkCode(twoFactor, code);
      if (proof?.method !== 'totp') throw errors.wrongCode();
      const now = clock.now();
      const { codes, statements } = replaceCodes(user.id, now);
      await database.commit([
        requireLive(actor, now),
        ...repository.turnOn(user.id, { now, refusal: errors.twoFactorEnabled }),
        ...repository.spend(user.id, { proof, now, refusal: errors.notEnrolled }),
        ...statements,
        repository.removeTickets(user.id),
        identity.removeOtherSessions(user.id, actor.credential.id),
      ]);
      identities.forgetUser(user.id);
      settle(attempt);
      notify(user, () => twoFactorOnMail(user));
      return codes;
    },

    /** Makes the password alone enough again. Sessions stay: they have shown more than will be asked for. */
    async disable(actor: Actor, proofs: Proofs): Promise<void> {
      const { user, attempt, guards } = await requireBoth(actor, proofs);
      await database.commit([
        ...guards,
        ...repository.turnOff(user.id, { now: clock.now(), refusal: errors.twoFactorDisabled }),
        repository.remove(user.id),
        repository.removeCodes(user.id),
        repository.removeTickets(user.id),
      ]);
      settle(attempt);
      notify(user, () => twoFactorOffMail(user));
    },

    /** @returns new recovery codes, which are never shown again; the older ones are worthless. */
    async replaceRecoveryCodes(actor: Actor, proofs: Proofs): Promise<string[]> {
      const { user, attempt, guards } = await requireBoth(actor, proofs);
      const { codes, statements } = replaceCodes(user.id, clock.now());
      await database.commit([...guards, repository.requireOn(user.id, errors.twoFactorDisabled), ...statements]);
      settle(attempt);
      notify(user, () => recoveryCodesReplacedMail(user));
      return codes;
    },
  };
}

export type TwoFactorService = ReturnType<typeof createTwoFactorService>;
