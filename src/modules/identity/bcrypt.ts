/** `$2a$`, `$2b$` and `$2y$` name the same algorithm; `$2y$` is how PHP writes it. */
const FORMAT = /^\$2[aby]\$(\d{2})\$[./A-Za-z\d]{53}$/;

/** Above this, one check in JavaScript takes seconds: such a hash is refused rather than computed. */
const MAX_COST_LOG2 = 14;
const MIN_COST_LOG2 = 4;

/** Whether it is a hash that another system made by bcrypt and that can be checked here. */
export function isBcryptHash(stored: string): boolean {
  const cost = Number(FORMAT.exec(stored)?.[1]);
  return cost >= MIN_COST_LOG2 && cost <= MAX_COST_LOG2;
}

/**
 * Whether the password is that of a bcrypt hash. The password is taken as it was typed, for so it was hashed elsewhere;
 * bcrypt itself looks at its first 72 bytes only.
 */
export async function verifyBcrypt(password: string, stored: string): Promise<boolean> {
  const { compare } = await import('bcryptjs');
  return compare(password, stored.replace(/^\$2[ay]/, '$2b'));
}
