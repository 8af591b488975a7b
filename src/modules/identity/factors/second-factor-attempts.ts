import type { Attempts } from '../../../limit-objects/attempts.ts';
import type { User } from '../identity.table.ts';
import type { Verifications } from '../verifications.ts';

/**
 * Counts attempts at the second factor of a login. Once one is right, the attempts at the password that led to it are
 * forgotten as well.
 */
export function createSecondFactorAttempts(deps: { attempts: Attempts; verifications: Verifications }) {
  const { attempts, verifications } = deps;

  return async ({ id, emailKey, usernameKey }: User, address: string | undefined) => {
    const attempt = await attempts.begin({ what: 'two_factor', account: id, address });
    const loginKeys = [{ emailKey }, { usernameKey }];
    return {
      /** After the session is open: that stands, whether or not the counters can be reached. */
      settle: (): void =>
        verifications.inBackground(async () => {
          const forgotten = loginKeys.map((key) => attempts.forgive({ what: 'login', account: JSON.stringify(key) }));
          await Promise.all([attempt.succeed(), ...forgotten]);
        }),
    };
  };
}
