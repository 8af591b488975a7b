import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { isBcryptHash, verifyBcrypt } from './bcrypt.ts';

export type Passwords = {
  /** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the stored one. With no stored hash (an unknown account) it does the same work and says
   * no, so that the time of the answer does not tell which accounts exist. Also knows bcrypt hashes, which imported
   * accounts have until their first login.
   */
  verify(password: string, stored: string | undefined): Promise<boolean>;
  /** Whether the stored hash was made at a lower cost than is configured now, or elsewhere. */
  needsRehash(stored: string): boolean;
};

/** Stored for accounts that have no password: nothing that anyone types is verified by it. */
export const NO_PASSWORD = 'none';

type Cost = { N: number; r: number; p: number };
type Parsed = Cost & { salt: Buffer; key: Buffer };

/** In place of a hash: no password is right, which takes as long to say as of a wrong one. */
export const UNUSABLE_PASSWORD = 'unusable';

const SALT_BYTES = 16;
const KEY_BYTES = 32;
const BLOCK_SIZE = 8;
const PARALLELISM = 5;
const MAX_COST_LOG2 = 17;
const FORMAT = /^scrypt\$(\d{1,6})\$(\d{1,2})\$(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/;

/** scrypt (RFC 7914) at N = 2^costLog2, r = 8, p = 5: OWASP's choice for 16 MiB when the exponent is 14. */
export function createPasswords({ costLog2 }: { costLog2: number }): Passwords {
  const cost: Cost = { N: 2 ** costLog2, r: BLOCK_SIZE, p: PARALLELISM };
  const nobody: Parsed = { ...cost, salt: Buffer.alloc(SALT_BYTES), key: Buffer.alloc(KEY_BYTES) };

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const key = await derive(password, { ...cost, salt });
      return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
    },

    async verify(password, stored) {
      if (stored !== undefined && isBcryptHash(stored)) return verifyBcrypt(password, stored);
      const expected = stored === undefined ? undefined : parse(stored);
      const key = await derive(password, expected ?? nobody);
      return timingSafeEqual(key, (expected ?? nobody).key) && expected !== undefined;
    },

    needsRehash(stored) {
      const parsed = parse(stored);
      return !parsed || parsed.N < cost.N || parsed.r < cost.r || parsed.p < cost.p;
    },
  };
}

/** Whether a stored hash is one of a password: accounts that log in otherwise have none. */
export const isPasswordHash = (stored: string): boolean => parse(stored) !== undefined || isBcryptHash(stored);

/** The stored parameters, or undefined for anything that `hash` cannot have made. */
function parse(stored: string): Parsed | undefined {
  const [, N, r, p, salt, key] = FORMAT.exec(stored) ?? [];
  if (salt === undefined || key === undefined) return undefined;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  if (!isPossible(cost)) return undefined;
  return { ...cost, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') };
}

const isPossible = ({ N, r, p }: Cost) =>
  N >= 2 && N <= 2 ** MAX_COST_LOG2 && Number.isInteger(Math.log2(N)) && r >= 1 && r <= BLOCK_SIZE && p >= 1;

/** The same password typed on another keyboard may come in another Unicode form; NFKC makes them one (NIST SP 800-63B). */
function derive(password: string, { N, r, p, salt }: Cost & { salt: Buffer }): Promise<Buffer> {
  const options = { N, r, p, maxmem: 256 * N * r };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
