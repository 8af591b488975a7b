import { cleanTitle, collapseWhitespace, compactMetadata, createBlockCollector } from './blocks.ts';
import { decodeText } from './decode.ts';
import { decodeEntities } from './entities.ts';
import type { ExtractedDocument, ExtractionInput, Extractor, TimeSpan } from './extractor.ts';

/** Subtitles (SubRip, WebVTT): what is said, by sentence, with the time at which it is said. */
export const subtitlesExtractor: Extractor = {
  kind: 'subtitles',
  version: 'subtitles/own@1',
  extract: async (input) => extractSubtitles(input),
};

const TIMING =
  /^[ \t]*((?:\d{1,3}:)?\d{1,2}:\d{1,2}[.,]\d{1,3})[ \t]*-->[ \t]*((?:\d{1,3}:)?\d{1,2}:\d{1,2}[.,]\d{1,3})(?:[ \t].*)?$/;
/** A pause or a length beyond which a sentence that has not ended is cut. */
const MAX_PAUSE_MS = 2500;
const MAX_SENTENCE_CHARACTERS = 400;
const SENTENCE_END = /[.!?…。！？]["'”’»)\]]*$/;

type Cue = { time: TimeSpan; speaker: string; lines: string[] };

/** Whether a text is subtitles by its beginning. */
export function looksLikeSubtitles(text: string): boolean {
  const start = text.trimStart();
  if (/^WEBVTT(?:[ \t].*)?(?:\n|$)/.test(start)) return true;
  const [first = '', second = ''] = start.split('\n', 2);
  return TIMING.test(first) || (/^\s*\d+\s*$/.test(first) && TIMING.test(second));
}

function extractSubtitles({ bytes, mediaType }: ExtractionInput): ExtractedDocument {
  const { text, encoding } = decodeText(bytes, { mediaType });
  const cues = withoutRepeats(readCues(text));
  const collector = createBlockCollector();
  for (const sentence of toSentences(cues)) collector.add({ type: 'paragraph', ...sentence });
  const title = cleanTitle(/^WEBVTT[ \t]+-?[ \t]*(?!FILE[ \t]*\n)(\S.*)/.exec(text.trimStart())?.[1]);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({
      encoding,
      language: /^WEBVTT.*\n(?:.+\n)*?Language:[ \t]*([\w-]{2,20})/.exec(text.trimStart().slice(0, 2000))?.[1],
      cues: cues.length,
      durationMs: cues.reduce((latest, cue) => Math.max(latest, cue.time.endMs), 0),
    }),
    blocks: collector.blocks,
  };
}

/** Cues are what follows a line of times, up to an empty line. Numbers, names, notes and styles stand between them. */
function readCues(text: string): Cue[] {
  const cues: Cue[] = [];
  let cue: Cue | undefined;
  for (const line of text.split('\n')) {
    const time = readTiming(line);
    if (time !== undefined) {
      // Where the empty line is missing, the next cue's number stands at the end of this one.
      if (/^\d+$/.test(cue?.lines.at(-1) ?? '')) cue?.lines.pop();
      cue = { time, speaker: '', lines: [] };
      cues.push(cue);
    } else if (line.trim() === '') cue = undefined;
    else if (cue !== undefined) addLine(cue, line);
  }
  return cues.filter(({ lines }) => lines.length > 0);
}

function readTiming(line: string): TimeSpan | undefined {
  // Nearly no line has an arrow.
  if (!line.includes('-->')) return undefined;
  const [, start, end] = TIMING.exec(line) ?? [];
  if (start === undefined || end === undefined) return undefined;
  const startMs = toMilliseconds(start);
  return { startMs, endMs: Math.max(startMs, toMilliseconds(end)) };
}

function toMilliseconds(clock: string): number {
  const [fraction = '0', seconds = 0, minutes = 0, hours = 0] = clock
    .split(/[:.,]/)
    .toReversed()
    .map((part, i) => (i === 0 ? part.padEnd(3, '0') : Number(part)));
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(fraction);
}

function addLine(cue: Cue, line: string): void {
  const speaker = /<v(?:\.[^\s<>]*)?[ \t]+([^<>]{1,80})>/.exec(line)?.[1];
  if (speaker !== undefined) cue.speaker = collapseWhitespace(decodeEntities(speaker));
  const plain = decodeEntities(line.replace(/<[^<>]*>/g, '').replace(/\{\\[^{}]*\}/g, ''));
  const text = collapseWhitespace(plain);
  if (text !== '') cue.lines.push(text);
}

/** Captions that roll up show each line again in the next cue. */
function withoutRepeats(cues: Cue[]): Cue[] {
  let shown: string[] = [];
  return cues.flatMap((cue) => {
    const repeated = shown.includes(cue.lines[0] ?? '') ? cue.lines.findIndex((line) => !shown.includes(line)) : 0;
    const rolls = cue.lines.length > 1 || shown.length > 1;
    shown = cue.lines;
    if (!rolls || repeated === 0) return [cue];
    return repeated === -1 ? [] : [{ ...cue, lines: cue.lines.slice(repeated) }];
  });
}

type Sentence = { text: string; time: TimeSpan };

/** Joins cues to sentences: up to a full stop, a pause, another speaker, or too much text. */
function toSentences(cues: Cue[]): Sentence[] {
  const sentences: (Sentence & { speaker: string })[] = [];
  for (const { time, speaker, lines } of cues) {
    const text = lines.join(' ');
    const last = sentences.at(-1);
    if (last !== undefined && continues(last, { time, speaker, text })) {
      last.text = `${last.text} ${text}`;
      last.time = { startMs: last.time.startMs, endMs: Math.max(last.time.endMs, time.endMs) };
    } else sentences.push({ text, time, speaker });
  }
  return sentences.map(({ text, time, speaker }) => ({ text: speaker === '' ? text : `${speaker}: ${text}`, time }));
}

function continues(last: Sentence & { speaker: string }, next: Sentence & { speaker: string }): boolean {
  const pause = next.time.startMs - last.time.endMs;
  if (last.speaker !== next.speaker || pause > MAX_PAUSE_MS || next.time.startMs < last.time.startMs) return false;
  if (SENTENCE_END.test(last.text.slice(-8)) || /^[-–—]\s/.test(next.text)) return false;
  return last.text.length + next.text.length <= MAX_SENTENCE_CHARACTERS;
}
