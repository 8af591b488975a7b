const PIECES = 4;
const PIECE_BITS = 16;
const HEX = /^[\da-f]{16}$/i;

/**
 * Bits in which two pictures' perceptual hashes may differ to be reported. Unrelated pictures differ in about 32 of 64;
 * scaled, re-encoded or slightly retouched ones rarely in more than ten.
 */
export const MAX_IMAGE_DISTANCE = 10;

/** A perceptual hash's pieces of 16 bits; undefined for anything that is none. */
export function imagePieces(hash: string): number[] | undefined {
  if (!HEX.test(hash)) return undefined;
  return Array.from({ length: PIECES }, (_, at) => Number.parseInt(hash.slice(at * 4, at * 4 + 4), 16));
}

/**
 * What pieces a hash within the distance may have at each place: of eleven bits or fewer that differ in all, two at most
 * differ in some piece of the four.
 */
export const piecesNear = (pieces: number[]): number[][] => pieces.map((piece) => MASKS.map((mask) => piece ^ mask));

const BITS = Array.from({ length: PIECE_BITS }, (_, at) => 1 << at);
const MASKS = [0, ...BITS, ...BITS.flatMap((bit, at) => BITS.slice(at + 1).map((other) => bit | other))];

/** Bits in which two hashes differ. */
export function imageDistance(a: number[], b: number[]): number {
  return a.reduce((count, piece, at) => count + bitCount(piece ^ (b[at] ?? 0)), 0);
}

/** How many of 32 bits are set, counted in pairs, fours and bytes at once (Warren, Hacker's Delight). */
export function bitCount(value: number): number {
  const pairs = value - ((value >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
