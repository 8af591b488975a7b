import type { Clock } from '../../../platform/clock.ts';
import type { KeyRing } from '../../../platform/secrets/key-ring.ts';
import type { TwoFactor } from './factors.table.ts';
import { hashRecoveryCode, parseRecoveryCode } from './recovery-codes.ts';
import { isTotpCode, matchingStep } from './totp.ts';
import type { CodeProof } from './two-factor.repository.ts';

/** Where a sealed secret stands: it opens nowhere else. */
export const secretContext = ({ id }: Pick<TwoFactor, 'id'>): string => `two_factors/${id}`;

/**
 * Looks at a code: one of the app, or a recovery code.
 * @returns what to spend in the batch that acts on it, which is where a code that was used meanwhile is refused;
 * undefined for a code that is wrong already.
 */
export function createCodeCheck({ keyRing, clock }: { keyRing: KeyRing; clock: Clock }) {
  return async (twoFactor: TwoFactor, typed: string): Promise<CodeProof | undefined> => {
    const code = typed.replace(/\s/g, '');
    if (!isTotpCode(code)) {
      const recoveryCode = parseRecoveryCode(code);
      if (recoveryCode === undefined) return undefined;
      return { method: 'recovery_code', codeHash: hashRecoveryCode(twoFactor.ownerId, recoveryCode) };
    }
    const context = secretContext(twoFactor);
    const { text: secret, isOutdated } = await keyRing.open(twoFactor.secret, context);
    const step = await matchingStep(secret, { code, now: clock.now(), after: twoFactor.lastStep });
    if (step === undefined) return undefined;
    const renewed = isOutdated ? { secret: await keyRing.seal(secret, context) } : {};
    return { method: 'totp', id: twoFactor.id, step, ...renewed };
  };
}
