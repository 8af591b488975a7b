/** How a document is read, as a person or the rules chose: where it is cut, and into chunks of what size. */
export const PROFILES = [
  'general',
  'employee',
  'resume',
  'contract',
  'review',
  'policy',
  'audio',
  'code',
  'table',
] as const;

export type Profile = (typeof PROFILES)[number];

/** Sizes in UTF-16 code units. */
export type ChunkingRule = {
  /** A chunk is closed at the first good place after this. */
  targetCharacters: number;
  /** No chunk is longer. */
  maxCharacters: number;
  /** At most so much of a chunk's end is repeated at the beginning of the next, in whole sentences. */
  overlapCharacters: number;
  why: string;
};

export const PROFILE_CHUNKING: Record<Profile, ChunkingRule> = {
  general: {
    targetCharacters: 900,
    maxCharacters: 1400,
    overlapCharacters: 150,
    why: 'About 200 tokens: one thought with its context, and short enough to be quoted.',
  },
  employee: {
    targetCharacters: 700,
    maxCharacters: 1100,
    overlapCharacters: 100,
    why: 'Personnel records are short entries, each about one matter.',
  },
  resume: {
    targetCharacters: 500,
    maxCharacters: 900,
    overlapCharacters: 60,
    why: 'One post or one degree a chunk, so that experience of different posts does not mix.',
  },
  contract: {
    targetCharacters: 1100,
    maxCharacters: 1600,
    overlapCharacters: 200,
    why: 'A clause must stay whole with its exceptions, and clauses refer to the ones before.',
  },
  review: {
    targetCharacters: 600,
    maxCharacters: 1000,
    overlapCharacters: 80,
    why: 'One judgement a chunk: praise and blame in one vector cancel out.',
  },
  policy: {
    targetCharacters: 900,
    maxCharacters: 1500,
    overlapCharacters: 150,
    why: 'A rule with its conditions; sections are short and have headings.',
  },
  audio: {
    targetCharacters: 900,
    maxCharacters: 1400,
    overlapCharacters: 0,
    why: 'Up to a minute of speech; what is said twice would be heard at the wrong time.',
  },
  code: {
    targetCharacters: 1200,
    maxCharacters: 2000,
    overlapCharacters: 0,
    why: 'A function or two; repeated lines would count every match twice.',
  },
  table: {
    targetCharacters: 800,
    maxCharacters: 1200,
    overlapCharacters: 0,
    why: 'A dozen rows, with room for the names of the columns that are put in front of them.',
  },
};
