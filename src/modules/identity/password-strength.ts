import type { MatchExtended, ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adviceFor } from './password-advice.ts';

/** Who the password is for: what everybody knows of them makes a poor password. */
export type PasswordOwner = { username?: string | undefined; email?: string | undefined };

export type StrengthLabel = 'very weak' | 'weak' | 'fair' | 'good' | 'strong';

export type PasswordStrength = {
  /** 0 to 100, by the number of guesses that an attacker needs who knows how people choose: 6.25 for each power of ten. */
  score: number;
  label: StrengthLabel;
  /** What makes it weak, in sentences. */
  reasons: string[];
  /** What would make it stronger. */
  suggestions: string[];
  /** Whether it holds something that no password may hold, whatever its score: a leaked one, or the owner's name. */
  isForbidden: boolean;
};

/** 10^16 guesses take a cracking machine centuries with scrypt at our cost; beyond that nothing needs to be told apart. */
const FULL_SCORE_LOG10 = 16;
/** Each further character costs time; a password is not made weaker by those that are not looked at. */
const MAX_ANALYSED_CHARS = 64;
const MAX_SUBSTITUTIONS = 20;
/** A shorter name is part of too many good passwords to be refused inside one. */
const MIN_CONTAINED_CHARS = 5;

/** What everybody who comes here has in mind: in a password, they are worth no guess. */
const CONTEXT_WORDS = ['commonplace', 'knowledge', 'library', 'documents'];

const LABELS: [below: number, label: StrengthLabel][] = [
  [25, 'very weak'],
  [38, 'weak'],
  [50, 'fair'],
  [70, 'good'],
];

const LEAKED = 'It is on lists of leaked passwords.';
const CONTAINS_OWNER = 'It contains your username or e-mail address.';

/** How well a password withstands guessing, with the reasons (zxcvbn: Wheeler, USENIX Security 2016). */
export async function passwordStrength(password: string, owner: PasswordOwner = {}): Promise<PasswordStrength> {
  const names = namesOf(owner);
  const hints = names.filter(isTelling);
  const { guessesLog10, sequence, feedback } = (await loadEstimator()).check(password.normalize('NFKC'), [
    ...hints,
    ...CONTEXT_WORDS,
  ]);
  const score = Math.max(0, Math.min(100, Math.floor((guessesLog10 / FULL_SCORE_LOG10) * 100)));
  const forbidden = [
    ...(isLeaked(sequence) ? [LEAKED] : []),
    ...(containsOne(password, names) ? [CONTAINS_OWNER] : []),
  ];
  const advice = adviceFor(feedback);
  return {
    score,
    label: LABELS.find(([below]) => score < below)?.[1] ?? 'strong',
    reasons: forbidden.length > 0 ? forbidden : advice.reasons,
    suggestions: forbidden.length > 0 ? ['Choose another, or have one generated.'] : advice.suggestions,
    isForbidden: forbidden.length > 0,
  };
}

let estimator: ZxcvbnFactory | undefined;

/** Slow to load and to make, and read-only then: one for all requests of the isolate, when the first one needs it. */
async function loadEstimator(): Promise<ZxcvbnFactory> {
  if (estimator) return estimator;
  const [core, common] = await Promise.all([import('@zxcvbn-ts/core'), import('@zxcvbn-ts/language-common')]);
  estimator ??= new core.ZxcvbnFactory({
    dictionary: common.dictionary,
    graphs: common.adjacencyGraphs,
    maxLength: MAX_ANALYSED_CHARS,
    l33tMaxSubstitutions: MAX_SUBSTITUTIONS,
  });
  return estimator;
}

/** Whether all of it, in whatever case and with digits for letters, is one entry of the list of leaked passwords. */
function isLeaked([match, ...others]: MatchExtended[]): boolean {
  return others.length === 0 && match?.pattern === 'dictionary' && match.dictionaryName === 'passwords-common';
}

const fold = (text: string) => text.normalize('NFKC').toLowerCase();

function namesOf({ username = '', email = '' }: PasswordOwner): string[] {
  const localPart = email.slice(0, Math.max(0, email.lastIndexOf('@')));
  return [...new Set([username, email, localPart].map(fold))].filter((name) => name !== '');
}

function containsOne(password: string, names: string[]): boolean {
  const text = fold(password);
  return names.some((name) => text === name || (isTelling(name) && text.includes(name)));
}

const isTelling = (name: string) => name.length >= MIN_CONTAINED_CHARS;
