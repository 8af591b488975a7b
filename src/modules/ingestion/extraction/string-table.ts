/** Strings by number, many to a piece of memory: half a million of them would each weigh more than their text. */
export type StringTable = {
  add(text: string): void;
  get(index: number): string | undefined;
  readonly characters: number;
};

const STRINGS_PER_PIECE = 512;

/** An empty table. */
export function createStringTable(): StringTable {
  const pieces: { text: string; ends: Uint32Array }[] = [];
  let last: string[] = [];
  let characters = 0;
  return {
    add(text) {
      characters += text.length;
      last.push(text);
      if (last.length < STRINGS_PER_PIECE) return;
      pieces.push(pack(last));
      last = [];
    },
    get(index) {
      const piece = pieces[Math.floor(index / STRINGS_PER_PIECE)];
      const place = index % STRINGS_PER_PIECE;
      if (piece === undefined) return index < pieces.length * STRINGS_PER_PIECE ? undefined : last[place];
      return piece.text.slice(place === 0 ? 0 : piece.ends[place - 1], piece.ends[place]);
    },
    get characters() {
      return characters;
    },
  };
}

function pack(strings: string[]): { text: string; ends: Uint32Array } {
  let end = 0;
  const ends = Uint32Array.from(strings, ({ length }) => (end += length));
  return { text: strings.join(''), ends };
}
