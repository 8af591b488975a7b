/**
 * The extraction port: bytes in, a linear sequence of typed blocks out. Extractors are pure: no clock, no storage, no
 * network. What they return is everything that later steps (chunking, search, citations) know of the file.
 */

/** What the bytes are, decided by their content. */
export type DocumentKind = 'text' | 'markdown' | 'html' | 'pdf' | 'docx';

/** One paragraph-sized piece of a document, in reading order. */
export type Block = {
  type: 'heading' | 'paragraph' | 'list-item' | 'table' | 'code' | 'quote';
  /** Plain text. Table rows are lines, their cells separated by a tab; no trailing white space. Never empty. */
  text: string;
  /** 1 (highest) to 6; headings only. */
  level?: number;
  /** Page number from 1, where the format has pages. */
  page?: number;
};

export type ExtractedDocument = {
  /** The document's own title (metadata, `<title>`, first heading), if it names one. */
  title?: string;
  /** Facts that the file states about itself (author, createdAt, pages …): JSON values only. */
  metadata: Record<string, string | number | boolean | string[]>;
  /** Number of pages, where the format has pages. */
  pageCount?: number;
  blocks: Block[];
};

export type ExtractionInput = {
  bytes: Uint8Array;
  /** The name that the file was uploaded under: a hint, never trusted over the content. */
  filename: string;
  /** The media type that the uploader declared: a hint for text encodings (`charset=`) only. */
  mediaType: string;
};

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
