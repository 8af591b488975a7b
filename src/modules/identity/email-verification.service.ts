import { requireChange } from '../../db/sql.ts';
import type { Actor } from '../../shared/actor.ts';
import type { AuditService } from '../audit/audit.service.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { User } from './identity.table.ts';
import { emailKey } from './login-keys.ts';
import { parseToken } from './tokens.ts';
import { createVerificationsRepository } from './verifications.repository.ts';
import type { VerificationDeps, Verifications } from './verifications.ts';

type Deps = Pick<VerificationDeps, 'database' | 'clock'> & { verifications: Verifications; audit: AuditService };

const purpose = 'email_verification';
const CHANGE = 'email_change';

/** Whether an account's address is its user's, by a token mailed there. */
export function createEmailVerificationService({ database, clock, verifications, audit }: Deps) {
  const identity = createIdentityRepository(database);
  const repository = createVerificationsRepository(database);

  /** Gives an account the address that a token was mailed to. What was mailed to the old one is worthless then. */
  const change = async (tokenHash: string): Promise<User> => {
    const use = { purpose: CHANGE, now: clock.now() } as const;
    const wanted = await repository.findNewEmail(tokenHash, use);
    if (!wanted) throw errors.invalidMailedToken();
    const { ownerId, email } = wanted;
    audit.making({ type: 'user', id: ownerId });
    try {
      const [, , [user]] = await database.commit([
        repository.use(tokenHash, use),
        requireChange(database, errors.invalidMailedToken),
        repository.setEmail(ownerId, { email, emailKey: emailKey(email), now: use.now }),
        repository.endAll(ownerId, { purpose, now: use.now }),
        repository.endAll(ownerId, { purpose: 'password_reset', now: use.now }),
      ]);
      if (!user) throw errors.invalidMailedToken();
      return user;
    } catch (error) {
      throw errors.takenError(error) ?? error;
    }
  };

  return {
    /**
     * Uses a mailed token up. @returns the account, whose address is verified now; it is another one if that was asked for.
     * @throws email_taken when somebody else got the new address meanwhile.
     */
    async verify(token: string): Promise<User> {
      const parsed = parseToken(token);
      if (parsed?.kind === CHANGE) return change(parsed.hash);
      if (parsed?.kind !== purpose) throw errors.invalidMailedToken();
      const use = { purpose, now: clock.now() } as const;
      audit.making({ type: 'user', id: repository.ownerOf(parsed.hash, use) });
      const [, , [user]] = await database.commit([
        repository.use(parsed.hash, use),
        requireChange(database, errors.invalidMailedToken),
        repository.confirmEmail(parsed.hash, use),
      ]);
      if (!user) throw errors.invalidMailedToken();
      return user;
    },

    /** Mails a new token, and ends the older ones. */
    async resend({ userId }: Actor): Promise<void> {
      const user = await identity.findUser(userId);
      if (!user) throw errors.credentialRevoked();
      if (user.emailVerifiedAt !== null) throw errors.emailAlreadyVerified();
      const { deliver } = await verifications.request(user, { purpose, refusal: errors.tooManyMails });
      verifications.inBackground(deliver);
    },
  };
}

export type EmailVerificationService = ReturnType<typeof createEmailVerificationService>;
