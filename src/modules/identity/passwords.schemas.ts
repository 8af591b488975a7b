import { z } from '@hono/zod-openapi';

const MAX_PASSWORD_CHARS = 200;
const MAX_NAME_CHARS = 254;

/** Length in characters: the shortest still has 77 random bits with symbols. */
const LENGTH = { min: 12, max: 128, default: 20 };
const WORDS = { min: 4, max: 16 };
const SEPARATORS = ['-', '.', '_', ' '] as const;

export const strengthBody = z
  .object({
    password: z.string().max(MAX_PASSWORD_CHARS).openapi({ example: 'correct horse battery staple' }),
    username: z.string().max(MAX_NAME_CHARS).optional().openapi({ example: 'ada' }),
    email: z.string().max(MAX_NAME_CHARS).optional().openapi({ example: 'ada@example.com' }),
  })
  .openapi('PasswordToJudge');

export const strengthSchema = z
  .object({
    score: z.number().int().min(0).max(100).openapi({
      description:
        '6.25 for each power of ten of the guesses that it takes: 50 stands for 10^8, 100 for 10^16 or more.',
    }),
    label: z.enum(['very weak', 'weak', 'fair', 'good', 'strong']),
    reasons: z.array(z.string()),
    suggestions: z.array(z.string()),
    acceptable: z.boolean().openapi({ description: 'Whether registration, change and reset would take it.' }),
  })
  .openapi('PasswordStrength', {
    example: {
      score: 29,
      label: 'weak',
      reasons: ['It is like a common password.'],
      suggestions: ['Add one or two uncommon words.'],
      acceptable: false,
    },
  });

const length = z.number().int().min(LENGTH.min).max(LENGTH.max);
const words = z.number().int().min(WORDS.min).max(WORDS.max);
const separator = z.enum(SEPARATORS).optional().openapi({ example: '-' });

const lengthDocs = { example: LENGTH.default, description: `Characters; ${LENGTH.default} if nothing is said.` };
const wordsDocs = { example: 6, description: 'So many random words instead of characters.' };
const symbolsDocs = { example: true, description: 'Whether characters other than letters and digits are used.' };

type Wish = { length?: unknown; words?: unknown };

const isOneKind = ({ length: characters, words: wordCount }: Wish) =>
  characters === undefined || wordCount === undefined;
const ONE_KIND = { message: 'Give `length` or `words`, not both.', path: ['words'] };

export const generateBody = z
  .object({
    length: length.optional().openapi(lengthDocs),
    words: words.optional().openapi({ description: wordsDocs.description }),
    separator,
    symbols: z.boolean().optional().openapi(symbolsDocs),
  })
  .refine(isOneKind, ONE_KIND)
  .openapi('PasswordRecipe', { example: { words: 6 } });

export const generateQuery = z
  .object({
    length: z.coerce
      .number()
      .pipe(length)
      .optional()
      .openapi({ type: 'integer', minimum: LENGTH.min, maximum: LENGTH.max, ...lengthDocs }),
    words: z.coerce
      .number()
      .pipe(words)
      .optional()
      .openapi({ type: 'integer', minimum: WORDS.min, maximum: WORDS.max, ...wordsDocs }),
    separator,
    symbols: z.enum(['true', 'false']).optional().openapi({ example: 'true', description: symbolsDocs.description }),
  })
  .refine(isOneKind, ONE_KIND);

export const generatedSchema = z
  .object({
    password: z.string(),
    kind: z.enum(['characters', 'words']),
    entropyBits: z.number().openapi({ description: 'Binary logarithm of how many passwords were equally likely.' }),
  })
  .openapi('GeneratedPassword', {
    example: { password: 'swampland-tidy-outgrow-cinch-reveler-mural', kind: 'words', entropyBits: 77.5 },
  });

type Recipe = Omit<z.output<typeof generateBody>, 'length'> & { length?: number | undefined };

/** What is to be generated, with everything that was left unsaid. */
export const recipeOf = ({ length: characters, words: wordCount, separator: between, symbols = true }: Recipe) =>
  wordCount === undefined
    ? ({ kind: 'characters', length: characters ?? LENGTH.default, symbols } as const)
    : ({ kind: 'words', words: wordCount, separator: between ?? '-' } as const);
