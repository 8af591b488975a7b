/** What the estimator says, by the names that it has for it. */
type Feedback = { warning: string | null; suggestions: string[] };

const REASONS = new Map([
  ['straightRow', 'It is a row of keys on the keyboard.'],
  ['keyPattern', 'It is a short pattern on the keyboard.'],
  ['simpleRepeat', 'It repeats one character.'],
  ['extendedRepeat', 'It repeats a few characters.'],
  ['sequences', 'It is a common sequence, like abc or 6543.'],
  ['recentYears', 'It is a recent year.'],
  ['dates', 'It is a date.'],
  ['topTen', 'It is among the ten most common passwords.'],
  ['topHundred', 'It is among the hundred most common passwords.'],
  ['common', 'It is a common password.'],
  ['similarToCommon', 'It is like a common password.'],
  ['wordByItself', 'It is a single word.'],
  ['namesByThemselves', 'It is a name.'],
  ['commonNames', 'It is a common name.'],
  ['userInputs', 'It is made of what is known about you.'],
]);

const SUGGESTIONS = new Map([
  ['l33t', 'Signs in place of letters, like @ for a, help little.'],
  ['reverseWords', 'Words written backwards help little.'],
  ['allUppercase', 'Capitals throughout help little: use a few.'],
  ['capitalization', 'Use capitals elsewhere than at the beginning.'],
  ['dates', 'Leave out dates.'],
  ['recentYears', 'Leave out recent years.'],
  ['associatedYears', 'Leave out years that have to do with you.'],
  ['sequences', 'Leave out sequences of characters.'],
  ['repeated', 'Leave out repeated words and characters.'],
  ['longerKeyboardPattern', 'Leave out patterns of keys, or change direction often.'],
  ['anotherWord', 'Add one or two uncommon words.'],
  ['useWords', 'Use several words, but no common phrase.'],
]);

/** The estimator's feedback in sentences. */
export function adviceFor({ warning, suggestions }: Feedback): { reasons: string[]; suggestions: string[] } {
  return { reasons: sentences(REASONS, warning ? [warning] : []), suggestions: sentences(SUGGESTIONS, suggestions) };
}

const sentences = (texts: Map<string, string>, names: string[]) => names.flatMap((name) => texts.get(name) ?? []);
