import type { Reading } from '../../ingestion/archive.ts';
import { audioBands, audioFrames, audioKeys, audioLikeness, MIN_AUDIO_LIKENESS } from './audio-fingerprint.ts';
import { imageDistance, imagePieces, MAX_IMAGE_DISTANCE, piecesNear } from './image-hash.ts';
import { MIN_TEXT_LIKENESS, TEXT_BANDS, textLikeness, textSignature } from './text-signature.ts';

/** By what a document is told to be like others, as it is stored. */
export type Fingerprints = {
  /** Base64. */
  textSignature: string | null;
  /** 16 hex digits. */
  imageHash: string | null;
  /** Frames of 8 hex digits. */
  audioFingerprint: string | null;
};

export type LikenessKind = 'near-text' | 'image' | 'audio';

export type Likeness = { kind: LikenessKind /** From 0 to 1. */; similarity: number; explanation: string };

const PLACES_PER_KIND = 64;
/** What the pieces of each kind are numbered from. */
const FIRST_PLACE = { text: 0, image: PLACES_PER_KIND, audio: 2 * PLACES_PER_KIND };
const HASH_BITS = 64;
/** What a picture or a recording says of itself, its camera or artist, many say alike; what is read in it is longer. */
const MEDIA = new Set(['image', 'audio', 'video']);
const MIN_MEDIA_CHARACTERS = 600;

/** A piece's value of 32 bits with what it is a piece of, in one number that is exact as a float. */
const bandOf = (place: number, value: number): number => place * 2 ** 32 + value;

/** Fingerprints of what was read, and the bands under which they are filed. */
export function fingerprintsOf({ kind, text, measurements }: Pick<Reading, 'kind' | 'text' | 'measurements'>) {
  const isTelling = !MEDIA.has(kind) || text.length >= MIN_MEDIA_CHARACTERS;
  const signature = isTelling ? textSignature(text) : undefined;
  const hash = textOf(measurements['image']?.['perceptualHash']);
  const pieces = imagePieces(hash);
  const fingerprint = textOf(measurements['audio']?.['fingerprint']);
  const frames = audioFrames(fingerprint);
  const stored: Fingerprints = {
    textSignature: signature ? Buffer.from(signature.bins).toString('base64') : null,
    imageHash: pieces ? hash : null,
    audioFingerprint: frames ? hexOf(frames) : null,
  };
  const bands = [
    ...(signature?.bands ?? []).map((value, at) => bandOf(FIRST_PLACE.text + at, value)),
    ...(pieces ?? []).map((value, at) => bandOf(FIRST_PLACE.image + at, value)),
    ...(frames ? audioBands(frames) : []).map((value) => bandOf(FIRST_PLACE.audio, value)),
  ];
  return { ...stored, bands };
}

export type FiledFingerprints = ReturnType<typeof fingerprintsOf>;

/** The bands under which others that are like it may be filed. */
export function bandsNear({ imageHash, audioFingerprint, bands }: FiledFingerprints): number[] {
  const pieces = imagePieces(imageHash ?? '');
  const frames = audioFrames(audioFingerprint ?? '');
  return [
    ...bands.filter((band) => band < bandOf(FIRST_PLACE.text + TEXT_BANDS, 0)),
    ...(pieces ? piecesNear(pieces) : []).flatMap((values, at) =>
      values.map((value) => bandOf(FIRST_PLACE.image + at, value)),
    ),
    ...(frames ? audioKeys(frames) : []).map((value) => bandOf(FIRST_PLACE.audio, value)),
  ];
}

/** In what two documents are most alike, if in anything. */
export function compareFingerprints(a: Fingerprints, b: Fingerprints): Likeness | undefined {
  const found = [compareTexts(a, b), compareImages(a, b), compareAudio(a, b)].flatMap((likeness) => likeness ?? []);
  return found.sort((one, other) => other.similarity - one.similarity)[0];
}

type Compare = (a: Fingerprints, b: Fingerprints) => Likeness | undefined;

const compareTexts: Compare = (a, b) => {
  if (a.textSignature === null || b.textSignature === null) return undefined;
  const similarity = textLikeness(Buffer.from(a.textSignature, 'base64'), Buffer.from(b.textSignature, 'base64'));
  if (similarity < MIN_TEXT_LIKENESS) return undefined;
  const explanation = `Of all runs of three words in the two texts, about ${percent(similarity)} stand in both.`;
  return { kind: 'near-text', similarity, explanation };
};

const compareImages: Compare = (a, b) => {
  const [mine, other] = [imagePieces(a.imageHash ?? ''), imagePieces(b.imageHash ?? '')];
  if (!mine || !other) return undefined;
  const distance = imageDistance(mine, other);
  if (distance > MAX_IMAGE_DISTANCE) return undefined;
  const explanation = `The perceptual hashes of the two pictures differ in ${distance} of ${HASH_BITS} bits.`;
  return { kind: 'image', similarity: 1 - distance / HASH_BITS, explanation };
};

const compareAudio: Compare = (a, b) => {
  const [mine, other] = [audioFrames(a.audioFingerprint ?? ''), audioFrames(b.audioFingerprint ?? '')];
  const similarity = mine && other ? audioLikeness(mine, other) : 0;
  if (similarity < MIN_AUDIO_LIKENESS) return undefined;
  const share = percent((1 - similarity) / 2);
  return { kind: 'audio', similarity, explanation: `The acoustic fingerprints differ in ${share} of their bits.` };
};

const percent = (share: number) => `${Math.round(share * 100)} %`;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const hexOf = (frames: Uint32Array) => Array.from(frames, (frame) => frame.toString(16).padStart(8, '0')).join('');
