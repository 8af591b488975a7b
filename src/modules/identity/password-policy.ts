import type { Config } from '../../config.ts';
import { AppError } from '../../shared/app-error.ts';
import { type PasswordOwner, type PasswordStrength, passwordStrength } from './password-strength.ts';

export type { PasswordOwner } from './password-strength.ts';

export type AssessedPassword = Omit<PasswordStrength, 'isForbidden'> & { acceptable: boolean };

const TOO_WEAK = 'It is too easy to guess.';

/** Which passwords are taken: those that reach the configured score and hold nothing forbidden. */
export function createPasswordPolicy({ PASSWORD_MIN_SCORE }: Pick<Config, 'PASSWORD_MIN_SCORE'>) {
  /** How strong a password is for its owner, and whether it would be taken. Length is checked where it is parsed. */
  const assess = async (password: string, owner: PasswordOwner = {}): Promise<AssessedPassword> => {
    const { isForbidden, ...strength } = await passwordStrength(password, owner);
    const acceptable = !isForbidden && strength.score >= PASSWORD_MIN_SCORE;
    const reasons = acceptable || strength.reasons.length > 0 ? strength.reasons : [TOO_WEAK];
    return { ...strength, reasons, acceptable };
  };

  return {
    assess,

    /** @throws invalid_fields with every reason against the password, at the given field. */
    async requireAcceptable(password: string, { path, owner }: { path: string; owner: PasswordOwner }): Promise<void> {
      const { acceptable, reasons } = await assess(password, owner);
      if (acceptable) return;
      throw new AppError('invalid_fields', 'The password is too weak.', {
        code: 'weak_password',
        errors: reasons.map((message) => ({ path, message })),
      });
    },
  };
}

export type PasswordPolicy = ReturnType<typeof createPasswordPolicy>;
