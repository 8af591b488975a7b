/**
 * The extraction port: bytes in, a linear sequence of typed blocks out. Extractors are pure: no clock, no storage, no
 * network. What they return is everything that later steps (chunking, search, citations) know of the file.
 */

/** What the bytes are, decided by their content. */
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

export const DOCUMENT_KINDS = [
  'text',
  'markdown',
  'html',
  'pdf',
  'rtf',
  'epub',
  'docx',
  'pptx',
  'xlsx',
  'odt',
  'odp',
  'ods',
  'csv',
  'email',
  'mailbox',
  'notebook',
  'json',
  'code',
  'subtitles',
  'image',
  'audio',
  'video',
  'zip',
] as const;

/** One paragraph-sized piece of a document, in reading order. */
export type Block = {
  type: 'heading' | 'paragraph' | 'list-item' | 'table' | 'code' | 'quote';
  /** Plain text. Table rows are lines, their cells separated by a tab; no trailing white space. Never empty. */
  text: string;
  /** 1 (highest) to 6; headings only. */
  level?: number;
  /** Number from 1 of the page, slide or sheet, where the format has such. */
  page?: number;
  /** Where it is heard, in formats that have a time. */
  time?: TimeSpan;
  /** Names that it stands under and that are no headings of the text: a class and its method. Outermost first. */
  path?: string[];
  /**
   * Tables: the line with the names of the columns, where there is one. It is the first line of the table's first block;
   * the blocks in which a long table goes on do not repeat it.
   */
  header?: string;
};

/** A stretch of a recording, in milliseconds from its beginning. */
export type TimeSpan = { startMs: number; endMs: number };

/** The most files within one file that are taken out of it. */
export const MAX_CHILDREN = 2000;

/** A file within the file: an attachment, a message, an entry of an archive. It becomes a document of its own. */
export type ChildFile = {
  filename: string;
  mediaType: string;
  /** Where it lies within the file, in formats that have folders. */
  path?: string;
  size: number;
  /** Its bytes, made when they are asked for: all of them together may be more than memory holds. @throws ExtractionError */
  read(): Uint8Array;
};

/** What a hosted model could still read where the file itself has no text. */
export type ModelStep = 'ocr' | 'caption' | 'transcript' | 'markdown';

/** Measurements that reading gives by the way, by name (`image`, `audio`): JSON values only. */
export type Measurements = Record<string, Record<string, Json>>;

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export type ExtractedDocument = {
  /** The document's own title (metadata, `<title>`, first heading), if it names one. */
  title?: string;
  /** Facts that the file states about itself (author, createdAt, pages …): JSON values only. */
  metadata: Record<string, string | number | boolean | string[]>;
  /** Number of pages, slides or sheets, where the format has such. */
  pageCount?: number;
  /** Empty only where `wanted` says how there could be text, or `children` are all there is. */
  blocks: Block[];
  wanted?: ModelStep[];
  children?: ChildFile[];
  measurements?: Measurements;
};

export type ExtractionInput = {
  bytes: Uint8Array;
  /** The file of sound or pictures that is too large to be held: `bytes` are only those of its parts that describe it. */
  whole?: Blob | undefined;
  /** The name that the file was uploaded under: a hint, never trusted over the content. */
  filename: string;
  /** The media type that the uploader declared: a hint for text encodings (`charset=`) only. */
  mediaType: string;
  /** Told after each page by readers that go page by page; what it throws ends the reading. */
  onPage?: OnPage | undefined;
};

export type OnPage = (done: number, total: number) => Promise<void>;

/** Reads one kind of file. Throws {@link ExtractionError} for what cannot be read. */
export type Extractor = {
  kind: DocumentKind;
  /** Name and version of the reader, stored with what it extracted, e.g. `pdf/unpdf@1`. */
  version: string;
  extract(input: ExtractionInput): Promise<ExtractedDocument>;
};

/** Why a file could not be read; `message` is shown to the person who uploaded it. */
export type ExtractionFailure = 'encrypted' | 'malformed' | 'empty' | 'too_large' | 'unsupported_format' | 'no_text';

/** A permanent failure: trying again with the same bytes would fail the same way. */
export class ExtractionError extends Error {
  readonly reason: ExtractionFailure;

  constructor(reason: ExtractionFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExtractionError';
    this.reason = reason;
  }
}
