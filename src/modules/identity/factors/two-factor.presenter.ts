import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../../shared/time.ts';
import { presentSignedIn } from '../identity.presenter.ts';
import type { SignIn } from '../sign-in.ts';
import { TOTP, type TotpSecret } from './totp.ts';
import type { Factors } from './two-factor.repository.ts';
import type { enrolmentSchema, factorsSchema, loginAnswerSchema } from './two-factor.schemas.ts';

export function presentSignIn(outcome: SignIn): z.output<typeof loginAnswerSchema> {
  if ('session' in outcome) return presentSignedIn(outcome);
  const { ticket, methods, expiresAt } = outcome;
  return { twoFactorRequired: true, ticket, methods, expiresAt: isoTime(expiresAt) };
}

export function presentFactors(factors: Factors): z.output<typeof factorsSchema> {
  return {
    enabled: factors.enabledAt !== null,
    enabledAt: isoTimeOrNull(factors.enabledAt),
    recoveryCodesLeft: factors.recoveryCodesLeft,
    passkeys: factors.passkeys,
  };
}

export function presentEnrolment({ secret, uri }: TotpSecret): z.output<typeof enrolmentSchema> {
  return { secret, uri, algorithm: TOTP.algorithm, digits: TOTP.digits, periodSeconds: TOTP.period };
}
