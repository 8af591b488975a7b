import type { Attempts } from '../../../limit-objects/attempts.ts';
import type { User } from '../identity.table.ts';
import { recoveryCodeUsedMail } from '../mails/recovery-codes.ts';
import type { Client, SessionDeps } from '../sessions.ts';
import { createSignIn, type SignedIn } from '../sign-in.ts';
import { createCodeCheck } from './code-check.ts';
import * as errors from './factors.errors.ts';
import { createNotices, type NoticeDeps } from './notices.ts';
import { createSecondFactorAttempts } from './second-factor-attempts.ts';
import { createTickets } from './tickets.ts';
import { createTwoFactorRepository } from './two-factor.repository.ts';

type Deps = NoticeDeps & SessionDeps & { attempts: Attempts };

export type WithTicket = Client & { ticket: string };

/** The second half of a login: a code for a ticket. */
export function createSecondFactorService(deps: Deps) {
  const { database, clock, audit } = deps;
  const repository = createTwoFactorRepository(database);
  const { signInFully } = createSignIn(deps);
  const tickets = createTickets(deps);
  const checkCode = createCodeCheck(deps);
  const begin = createSecondFactorAttempts(deps);
  const notify = createNotices(deps);

  const tellOfRecovery = (user: User) =>
    notify(user, async () => {
      const [[factors]] = await database.commit([repository.selectFactors(user.id)]);
      return recoveryCodeUsedMail({ username: user.username, codesLeft: factors?.recoveryCodesLeft ?? 0 });
    });

  return {
    /**
     * @throws invalid_ticket; too_many_attempts before the code is looked at; invalid_code, also for one that was used
     * before or is being used at this moment: a code is spent in the batch that opens the session.
     */
    async verify({ ticket, code, ...client }: WithTicket & { code: string }): Promise<SignedIn> {
      const { user, twoFactor, use } = await tickets.open(ticket);
      audit.about({ type: 'user', id: user.id });
      const attempt = await begin(user, client.address);
      const proof = await checkCode(twoFactor, code);
      if (!proof) throw errors.invalidCode();
      const now = clock.now();
      const spent = repository.spend(user.id, { proof, now, refusal: errors.invalidCode });
      const signedIn = await signInFully(user, { ...client, proof: [...use(now), ...spent] });
      attempt.settle();
      if (proof.method === 'recovery_code') tellOfRecovery(user);
      return signedIn;
    },
  };
}

export type SecondFactorService = ReturnType<typeof createSecondFactorService>;
