/** A new secret for an authenticator app: in base32 for people, and as the URI that apps read from a QR code. */
export type TotpSecret = { secret: string; uri: string };

const ISSUER = 'Commonplace';
const SECRET_BYTES = 20;
/** Apps know one code before the server's clock and one after it: RFC 6238 allows one step for delay, one for drift. */
const WINDOW_STEPS = 1;
/** What every authenticator app can do; many ignore what the URI says otherwise. */
export const TOTP = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
const CODE = /^\d{6}$/;

/** Random, of 160 bits, as RFC 4226 recommends. */
export async function newTotpSecret(username: string): Promise<TotpSecret> {
  const otpauth = await import('otpauth');
  const secret = new otpauth.Secret({ size: SECRET_BYTES });
  const uri = new otpauth.TOTP({ ...TOTP, issuer: ISSUER, label: username, secret }).toString();
  return { secret: secret.base32, uri };
}

/** Whether it can be an app's code; if not, it may be a recovery code. */
export const isTotpCode = (code: string): boolean => CODE.test(code);

/**
 * The time step that the code is of, if it is one of the secret's that may be taken now.
 * @param check.after the step of the last code that was taken: neither it nor an older one is taken again.
 */
export async function matchingStep(
  secret: string,
  check: { code: string; now: number; after: number },
): Promise<number | undefined> {
  if (!isTotpCode(check.code)) return undefined;
  const otpauth = await import('otpauth');
  const totp = new otpauth.TOTP({ ...TOTP, secret: otpauth.Secret.fromBase32(secret) });
  const delta = totp.validate({ token: check.code, timestamp: check.now, window: WINDOW_STEPS });
  const step = delta === null ? undefined : totp.counter({ timestamp: check.now }) + delta;
  return step !== undefined && step > check.after ? step : undefined;
}
