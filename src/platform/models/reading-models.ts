/**
 * The port to models that read what has no text: pictures, scans, recordings, files of formats that nobody here knows.
 * There may be none; nothing depends on one.
 */
export const MODEL_USES = ['ocr', 'caption', 'transcript', 'markdown'] as const;

/** What a model is there for. */
export type ModelUse = (typeof MODEL_USES)[number];

/** A picture as PNG, JPEG, WebP or GIF. */
export type Picture = { bytes: Uint8Array; mediaType: string };

/** Sound, or a film with sound, as it was recorded. */
export type Recording = { bytes: Uint8Array; mediaType: string /** Its format, e.g. `mp3`. */; extension: string };

/** A file as it was handed in. Its name stays here. */
export type ForeignFile = { bytes: Uint8Array; mediaType: string; extension: string };

/** What is said in a recording, in order, each stretch with its time. */
export type Transcript = {
  /** BCP 47 primary subtag, where the model knows it. */
  language: string | null;
  durationMs: number | null;
  segments: { startMs: number; endMs: number; text: string }[];
};

export type ReadingModels = {
  /** Name of the model for a use, stored with what it gave; undefined where none is configured. */
  modelFor(use: ModelUse): string | undefined;
  /** The text in a picture, line by line; empty where there is none. @throws ModelError */
  recogniseText(picture: Picture): Promise<string>;
  /** What a picture shows, in a sentence or two. @throws ModelError */
  caption(picture: Picture): Promise<string>;
  /** What is said in a recording. @throws ModelError */
  transcribe(recording: Recording): Promise<Transcript>;
  /** A file's content as Markdown. @throws ModelError */
  toMarkdown(file: ForeignFile): Promise<string>;
};

/**
 * `unavailable`: the same may succeed at once or later. `misconfigured`: it will when the operator has put something right,
 * a key for example. `refused`: never, with this file.
 */
export type ModelFailure = 'unavailable' | 'misconfigured' | 'refused';

/** A model did not do it. The message is fit to be shown to the owner: it holds no content, no address and no secret. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly failure: ModelFailure;

  constructor(failure: ModelFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** For installations without models. */
export function createNoModels(): ReadingModels {
  const refuse = () => Promise.reject(new ModelError('misconfigured', 'No model is configured.'));
  return {
    modelFor: () => undefined,
    recogniseText: refuse,
    caption: refuse,
    transcribe: refuse,
    toMarkdown: refuse,
  };
}
