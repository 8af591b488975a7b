import { createHash, randomBytes } from 'node:crypto';

export const RECOVERY_CODES = 10;

/** Crockford's: no letter looks like a digit, and those that might be typed for one are read as it. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** 80 bits: too many to be found from a fast hash. */
const CODE_CHARS = 16;
const GROUP = /.{4}(?=.)/g;
const CODE = new RegExp(`^[${ALPHABET}]{${CODE_CHARS}}$`);
const SPACING = /[\s-]/g;

/** New codes in the form in which people keep them: `4f2k-9w0c-hq7m-t3xv`. */
export const newRecoveryCodes = (): string[] => Array.from({ length: RECOVERY_CODES }, newRecoveryCode);

function newRecoveryCode(): string {
  const signs = Array.from(randomBytes(CODE_CHARS), (byte) => ALPHABET[byte % ALPHABET.length]);
  return signs.join('').replace(GROUP, '$&-');
}

/** A code as it was made, whatever its case and spacing were when it was typed. Undefined for what cannot be one. */
export function parseRecoveryCode(text: string): string | undefined {
  const plain = text.toLowerCase().replace(SPACING, '').replaceAll('o', '0').replace(/[il]/g, '1');
  return CODE.test(plain) ? plain.replace(GROUP, '$&-') : undefined;
}

/** What is stored of a code: of no use for the codes of anybody else. */
export const hashRecoveryCode = (ownerId: string, code: string): string =>
  createHash('sha256').update(`${ownerId}\n${code}`).digest('hex');
