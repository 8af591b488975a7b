import { z } from 'zod';
import { ModelError, type Transcript } from './reading-models.ts';

/** Answers of chat models: as OpenAI and those who follow it write them, or as the older models of Workers AI. */
const chatSchema = z.union([
  z.object({ choices: z.tuple([z.object({ message: z.object({ content: z.string() }) })], z.unknown()) }),
  z.object({ response: z.string() }),
]);

const seconds = z.number().min(0).max(1_000_000);
const segmentSchema = z.object({ start: seconds, end: seconds, text: z.string() });

/** Answers of Whisper: with segments, or for short recordings the text alone. */
const transcriptSchema = z.object({
  text: z.string(),
  language: z.string().nullish(),
  duration: seconds.nullish(),
  segments: z.array(segmentSchema).max(100_000).nullish(),
  transcription_info: z.object({ language: z.string().nullish(), duration: seconds.nullish() }).nullish(),
});

/** @throws ModelError when it is no such answer. */
export function readChatAnswer(answer: unknown, name: string): string {
  const { data } = chatSchema.safeParse(answer);
  if (data === undefined) throw misread(name);
  return 'response' in data ? data.response : data.choices[0].message.content;
}

/** @throws ModelError when it is no such answer. */
export function readTranscriptAnswer(answer: unknown, name: string): Transcript {
  const { data } = transcriptSchema.safeParse(answer);
  if (data === undefined) throw misread(name);
  const duration = data.duration ?? data.transcription_info?.duration ?? null;
  const language = data.language ?? data.transcription_info?.language ?? null;
  const whole = [{ start: 0, end: duration ?? 0, text: data.text }];
  const segments = data.segments?.length ? data.segments : whole;
  return {
    language: language && subtagOf(language),
    durationMs: duration === null ? null : Math.round(duration * 1000),
    segments: segments.map(({ start, end, text }) => ({
      startMs: Math.round(start * 1000),
      endMs: Math.round(Math.max(start, end) * 1000),
      text: text.trim().toWellFormed(),
    })),
  };
}

/** OpenAI's own API says `english` where all others say `en`. */
function subtagOf(language: string): string | null {
  const lower = language.toLowerCase();
  if (/^[a-z]{2,3}$/.test(lower)) return lower;
  return LANGUAGES[lower] ?? null;
}

const LANGUAGES: Record<string, string> = {
  arabic: 'ar',
  chinese: 'zh',
  czech: 'cs',
  danish: 'da',
  dutch: 'nl',
  english: 'en',
  finnish: 'fi',
  french: 'fr',
  german: 'de',
  greek: 'el',
  hebrew: 'he',
  hindi: 'hi',
  hungarian: 'hu',
  italian: 'it',
  japanese: 'ja',
  korean: 'ko',
  norwegian: 'no',
  polish: 'pl',
  portuguese: 'pt',
  romanian: 'ro',
  russian: 'ru',
  spanish: 'es',
  swedish: 'sv',
  turkish: 'tr',
  ukrainian: 'uk',
};

/** It may be the odd answer that a sampling model gives: worth another try. */
export const misread = (name: string) => new ModelError('unavailable', `${name} gave an answer of an unknown form.`);

/** Bytes as a `data:` address, as chat models take pictures. */
export const dataUrl = ({ bytes, mediaType }: { bytes: Uint8Array; mediaType: string }): string =>
  `data:${mediaType};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`;

/** A picture and what is asked of it, in the form of OpenAI's chat. */
export const pictureMessage = (prompt: string, picture: { bytes: Uint8Array; mediaType: string }) => ({
  role: 'user',
  content: [
    { type: 'text', text: prompt },
    { type: 'image_url', image_url: { url: dataUrl(picture) } },
  ],
});
