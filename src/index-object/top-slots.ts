export type ScoredSlot = { slot: number; score: number };

export type TopSlots = {
  offer(slot: number, score: number): void;
  /** What a slot must beat to get in; -Infinity while there is room. */
  threshold(): number;
  /** Best first; of equal scores the lower slot first. */
  sorted(): ScoredSlot[];
};

/** Keeps the best `size` of the slots that it is offered, in a heap whose root is the worst of them. */
export function createTopSlots(size: number): TopSlots {
  const slots = new Uint32Array(size);
  const scores = new Float64Array(size);
  let count = 0;

  function isWorse(a: number, b: number): boolean {
    const difference = at(scores, a) - at(scores, b);
    return difference !== 0 ? difference < 0 : at(slots, a) > at(slots, b);
  }

  function swap(a: number, b: number): void {
    const slot = at(slots, a);
    const score = at(scores, a);
    slots[a] = at(slots, b);
    scores[a] = at(scores, b);
    slots[b] = slot;
    scores[b] = score;
  }

  function rise(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isWorse(place, parent)) return;
      swap(place, parent);
      place = parent;
    }
  }

  function sink(): void {
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= count) return;
      const worse = left + 1 < count && isWorse(left + 1, left) ? left + 1 : left;
      if (!isWorse(worse, place)) return;
      swap(worse, place);
      place = worse;
    }
  }

  return {
    offer(slot, score) {
      if (count < size) {
        slots[count] = slot;
        scores[count] = score;
        rise(count++);
        return;
      }
      const worst = at(scores, 0);
      if (size === 0 || score < worst || (score === worst && slot > at(slots, 0))) return;
      slots[0] = slot;
      scores[0] = score;
      sink();
    },
    threshold: () => (count < size ? Number.NEGATIVE_INFINITY : at(scores, 0)),
    sorted() {
      return Array.from({ length: count }, (_, i) => ({ slot: at(slots, i), score: at(scores, i) })).sort(
        (a, b) => b.score - a.score || a.slot - b.slot,
      );
    },
  };
}

function at(array: Uint32Array | Float64Array, place: number): number {
  return array[place] ?? 0;
}
