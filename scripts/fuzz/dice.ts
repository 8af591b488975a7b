import { randomFrom } from '../random.ts';

/** Choices that a seed and a name decide. */
export type Dice = {
  next(): number;
  /** From `min` to `max`, both included. */
  integer(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** At most `count` different ones, in their order. */
  sample<T>(choices: readonly T[], count: number): T[];
};

export function createDice(seed: number, name: string): Dice {
  const next = randomFrom(seed ^ hashOf(name));
  const integer = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    integer,
    chance: (probability) => next() < probability,
    pick(choices) {
      const chosen = choices[integer(0, choices.length - 1)];
      if (chosen === undefined) throw new Error('There is nothing to choose from.');
      return chosen;
    },
    sample(choices, count) {
      const left = choices.map((choice, index) => ({ choice, index, rank: next() }));
      const chosen = left.sort((a, b) => a.rank - b.rank).slice(0, count);
      return chosen.sort((a, b) => a.index - b.index).map(({ choice }) => choice);
    },
  };
}

/** FNV-1a, 32 bits (Fowler, Noll and Vo). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
