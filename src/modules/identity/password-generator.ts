/** What is wanted: so many random characters, or so many random words. */
export type PasswordRecipe =
  | { kind: 'characters'; length: number; symbols: boolean }
  | { kind: 'words'; words: number; separator: string };

export type GeneratedPassword = {
  password: string;
  kind: PasswordRecipe['kind'];
  /** Binary logarithm of how many passwords were equally likely. */
  entropyBits: number;
};

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Without quotes, backslash and space, which forms and shells mangle. */
const SYMBOLS = '!#$%&()*+,-./:;<=>?@[]^_{|}~';
const UINT32_VALUES = 2 ** 32;

/** A password from the platform's secure random numbers. Words are those of the EFF's long list (7,776 of them). */
export async function generatePassword(recipe: PasswordRecipe): Promise<GeneratedPassword> {
  const choices = await choicesOf(recipe);
  const count = recipe.kind === 'words' ? recipe.words : recipe.length;
  const parts = Array.from({ length: count }, () => choices[randomBelow(choices.length)] ?? '');
  const password = parts.join(recipe.kind === 'words' ? recipe.separator : '');
  const entropyBits = Math.floor(count * Math.log2(choices.length) * 10) / 10;
  return { password, kind: recipe.kind, entropyBits };
}

async function choicesOf(recipe: PasswordRecipe): Promise<readonly string[]> {
  if (recipe.kind === 'characters') return [...(recipe.symbols ? LETTERS_AND_DIGITS + SYMBOLS : LETTERS_AND_DIGITS)];
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return dictionary['diceware-common'].map(String);
}

/**
 * A uniform integer from 0 to `bound` - 1. Numbers of the last, incomplete run of `bound` are drawn again: a mere
 * remainder would favour the small ones.
 */
export function randomBelow(bound: number, draw: () => number = drawUint32): number {
  const fair = UINT32_VALUES - (UINT32_VALUES % bound);
  for (;;) {
    const value = draw();
    if (value < fair) return value % bound;
  }
}

const drawUint32 = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
