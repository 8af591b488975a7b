/**
 * Encodings of two bytes a character: how likely their pairs are in real text. Rows (the first byte) stand in the order of
 * the standards: signs, kana, then characters in common use before rare ones.
 */

/** The share of the characters of real text whose first byte is in the range. */
type Rows = { from: number; to: number; share: number };

export type DoubleByte = {
  encoding: string;
  isLead(byte: number): boolean;
  isTrail(byte: number): boolean;
  /** Bytes over 0x7f that are characters of their own. */
  isSingle(byte: number): boolean;
  /** Only pairs with such second bytes are in common use. */
  commonTrail: { from: number; to: number };
  rows: Rows[];
  /** The most frequent characters: a tenth to a third of any text. */
  frequent: string;
};

const within = (byte: number, low: number, high: number) => byte >= low && byte <= high;
const isEucByte = (byte: number) => within(byte, 0xa1, 0xfe);
const never = () => false;
const EUC_TRAIL = { from: 0xa1, to: 0xfe };

const JAPANESE = 'のにはをたがでとてしれさいなあるかもこ年日人、。国大中本一';

export const DOUBLE_BYTE: DoubleByte[] = [
  {
    encoding: 'shift_jis',
    isLead: (byte) => within(byte, 0x81, 0x9f) || within(byte, 0xe0, 0xfc),
    isTrail: (byte) => within(byte, 0x40, 0xfc) && byte !== 0x7f,
    isSingle: (byte) => within(byte, 0xa1, 0xdf),
    commonTrail: { from: 0x40, to: 0xfc },
    rows: [
      { from: 0x81, to: 0x81, share: 0.12 },
      { from: 0x82, to: 0x82, share: 0.4 },
      { from: 0x83, to: 0x83, share: 0.12 },
      { from: 0x88, to: 0x97, share: 0.32 },
      { from: 0x98, to: 0x9f, share: 0.02 },
      { from: 0xe0, to: 0xea, share: 0.01 },
      { from: 0xfa, to: 0xfc, share: 0.005 },
    ],
    frequent: JAPANESE,
  },
  {
    encoding: 'euc-jp',
    isLead: (byte) => isEucByte(byte) || byte === 0x8e,
    isTrail: isEucByte,
    isSingle: never,
    commonTrail: EUC_TRAIL,
    rows: [
      { from: 0x8e, to: 0x8e, share: 0.001 },
      { from: 0xa1, to: 0xa1, share: 0.12 },
      { from: 0xa3, to: 0xa3, share: 0.02 },
      { from: 0xa4, to: 0xa4, share: 0.4 },
      { from: 0xa5, to: 0xa5, share: 0.12 },
      { from: 0xb0, to: 0xcf, share: 0.31 },
      { from: 0xd0, to: 0xf4, share: 0.02 },
    ],
    frequent: JAPANESE,
  },
  {
    encoding: 'gb18030',
    isLead: (byte) => within(byte, 0x81, 0xfe),
    // Digits: a character of four bytes counts as two pairs.
    isTrail: (byte) => within(byte, 0x30, 0x39) || (within(byte, 0x40, 0xfe) && byte !== 0x7f),
    isSingle: never,
    commonTrail: EUC_TRAIL,
    rows: [
      { from: 0xa1, to: 0xa1, share: 0.05 },
      { from: 0xa3, to: 0xa3, share: 0.09 },
      { from: 0xb0, to: 0xd7, share: 0.84 },
      { from: 0xd8, to: 0xf7, share: 0.015 },
    ],
    frequent: '的一是不了在人有我他这中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里，。用',
  },
  {
    encoding: 'big5',
    isLead: (byte) => within(byte, 0x81, 0xfe),
    isTrail: (byte) => within(byte, 0x40, 0x7e) || isEucByte(byte),
    isSingle: never,
    commonTrail: { from: 0x40, to: 0xfe },
    rows: [
      { from: 0xa1, to: 0xa1, share: 0.13 },
      { from: 0xa2, to: 0xa3, share: 0.005 },
      { from: 0xa4, to: 0xc6, share: 0.84 },
      { from: 0xc9, to: 0xf9, share: 0.015 },
    ],
    frequent: '的一是不了在人有我他這中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡，。用',
  },
  {
    encoding: 'euc-kr',
    isLead: (byte) => within(byte, 0x81, 0xfd),
    isTrail: (byte) => within(byte, 0x41, 0x5a) || within(byte, 0x61, 0x7a) || within(byte, 0x81, 0xfe),
    isSingle: never,
    commonTrail: EUC_TRAIL,
    rows: [
      { from: 0xa1, to: 0xa1, share: 0.02 },
      { from: 0xa2, to: 0xa3, share: 0.005 },
      { from: 0xb0, to: 0xc8, share: 0.96 },
      { from: 0xca, to: 0xfd, share: 0.01 },
    ],
    frequent: '이다의는에을가고한하지를로은사기자도어인서대시그아리수해스정',
  },
];

const FREQUENT_SHARE = 0.25;
const RARE_SHARE = 0.0002;

/**
 * The natural logarithm of how likely the bytes beyond ASCII are as text in that encoding; undefined when some byte cannot
 * stand where it does.
 */
export function likelihoodOfPairs(sample: Uint8Array, candidate: DoubleByte): number | undefined {
  const frequent = frequentPairs(candidate);
  let sum = 0;
  for (let i = 0; i < sample.length; i++) {
    const lead = sample[i] ?? 0;
    if (lead < 0x80) continue;
    if (candidate.isSingle(lead)) {
      sum += SINGLE_LIKELIHOOD;
      continue;
    }
    const trail = sample[i + 1];
    // The sample may end within a pair.
    if (trail === undefined) break;
    if (!candidate.isLead(lead) || !candidate.isTrail(trail)) return undefined;
    sum += frequent.get(lead * 256 + trail) ?? likelihoodOfPair(lead, trail, candidate);
    // Read otherwise it would be a character of ASCII, which had to be there too.
    if (trail < 0x80) sum -= ASCII_LIKELIHOOD;
    i++;
  }
  return sum;
}

const pairsByEncoding = new Map<string, Map<number, number>>();

/** How likely the frequent characters are, by their pairs of bytes. Only decoders are there: all pairs are decoded once. */
function frequentPairs(candidate: DoubleByte): Map<number, number> {
  const known = pairsByEncoding.get(candidate.encoding);
  if (known !== undefined) return known;
  const characters = Array.from(candidate.frequent);
  const total = characters.reduce((sum, _, rank) => sum + 1 / (rank + 6), 0);
  const shares = new Map(characters.map((character, rank) => [character, FREQUENT_SHARE / (rank + 6) / total]));
  const pairs: number[] = [];
  for (let pair = 0x8140; pair < 0xfeff; pair++) {
    if (candidate.isLead(pair >> 8) && candidate.isTrail(pair & 0xff)) pairs.push(pair);
  }
  const bytes = Uint8Array.from(pairs.flatMap((pair) => [pair >> 8, pair & 0xff, 0x0a]));
  const decoded = new TextDecoder(candidate.encoding).decode(bytes).split('\n');
  const frequent = new Map<number, number>();
  for (const [i, pair] of pairs.entries()) {
    const share = shares.get(decoded[i] ?? '');
    if (share !== undefined) frequent.set(pair, Math.log(share));
  }
  pairsByEncoding.set(candidate.encoding, frequent);
  return frequent;
}

const ASCII_LIKELIHOOD = Math.log(1 / 40);
/** Half-width katakana: only in old files, and then few. */
const SINGLE_LIKELIHOOD = Math.log(0.0004);

function likelihoodOfPair(lead: number, trail: number, { rows, commonTrail }: DoubleByte): number {
  const row = within(trail, commonTrail.from, commonTrail.to)
    ? rows.find(({ from, to }) => within(lead, from, to))
    : undefined;
  if (row === undefined) return Math.log(RARE_SHARE / (126 * 190));
  const cells = (row.to - row.from + 1) * (commonTrail.to - commonTrail.from + 1);
  return Math.log(((1 - FREQUENT_SHARE) * row.share) / cells);
}
