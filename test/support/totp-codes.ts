import * as otpauth from 'otpauth';

export const STEP_MS = 30_000;

/** The code that an app shows at that time. */
export const codeAt = (secret: string, time: number): string =>
  new otpauth.TOTP({ secret: otpauth.Secret.fromBase32(secret) }).generate({ timestamp: time });

/** The code that an app shows now; some steps later, the one that it will show then. */
export const codeOf = (secret: string, stepsLater = 0): string => codeAt(secret, Date.now() + stepsLater * STEP_MS);
