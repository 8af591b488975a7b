import { MAX_SECONDS as FLAC_SECONDS } from './audio-flac.ts';
import { MAX_SECONDS as MP3_SECONDS } from './audio-mp3.ts';
import { MAX_SECONDS as PCM_SECONDS } from './audio-pcm.ts';
import { MAX_LINES } from './code.ts';
import { CODE_LANGUAGES } from './code-languages.ts';
import { MAX_SYMBOLS } from './code-symbols.ts';
import { MAX_DECODED_BYTES } from './csv.ts';
import { MAX_PARSED_XML_BYTES, MAX_XML_BYTES } from './docx.ts';
import { MAX_MESSAGE_BYTES, MAX_PART_DEPTH } from './email-source.ts';
import { MAX_CHAPTER_BYTES } from './epub.ts';
import { type DocumentKind, MAX_CHILDREN, type ModelStep } from './extractor.ts';
import { MAX_TREE_CHARACTERS, MAX_TREE_TAGS } from './html-guard.ts';
import { MAX_DECODER_BYTES, MAX_STREAMED_PIXELS } from './image-decode.ts';
import { MAX_SVG_BYTES } from './image-svg.ts';
import { MAX_JSON_CHARACTERS, MAX_JSON_DEPTH } from './json-text.ts';
import { MAX_LEXED_CHARACTERS, MAX_NESTING } from './markdown.ts';
import { MAX_OUTPUT_CHARACTERS, MAX_OUTPUTS_PER_CELL } from './notebook.ts';
import { MAX_ROWS } from './ods.ts';
import { MAX_ELEMENTS } from './office-xml.ts';
import { MAX_PAGES } from './pdf.ts';
import { MAX_SLIDES } from './pptx.ts';
import { MAX_STATES } from './rtf-reader.ts';
import { MAX_CELLS, MAX_CHARACTERS, MAX_COLUMNS } from './tables.ts';
import { MAX_TRACKS } from './video.ts';
import { MAX_SHEETS } from './xlsx.ts';

/** What people are told of a format that is read (docs/formats.md): no reader needs it, and it is not in the Worker. */
export type FormatFacts = {
  /** Endings of names, the usual one first, and media types. What a file is, its content says. */
  extensions: string[];
  mediaTypes: string[];
  /** What of a file becomes text. */
  read: string;
  /** What a passage can be found at. */
  places: ('page' | 'slide' | 'sheet' | 'time' | 'name')[];
  /** Keys of what the file says about itself; a title is kept of every format that has one. */
  metadata: string[];
  measurements?: string[];
  /** Files within the file that become documents of their own. */
  children?: string;
  /** What hosted models can add. */
  wanted?: ModelStep[];
  limits: string[];
  /** Packages that do the work; none where all of it is written here. */
  libraries: string[];
};

const count = (value: number): string => value.toLocaleString('en');
const names = (list: string): string[] => list.split(' ');
const megabytes = (bytes: number): string => `${count(bytes / 1024 / 1024)} MB`;

const DATES = ['createdAt', 'modifiedAt'];
const OFFICE = ['author', 'description', 'language', 'tags', ...DATES, 'links'];
const TABLE = ['columns', 'leftOut'];
const TAGS = [
  'title',
  'artist',
  'album',
  'albumArtist',
  'track',
  'year',
  'genre',
  'composer',
  'comment',
  'description',
];
const MEDIA_TAGS = [...TAGS, 'copyright', 'show', 'language'];

const PACKED = `${count(MAX_ELEMENTS)} XML elements in one slide, paragraph or row`;
const VALUES = `${count(MAX_CHARACTERS)} characters and ${count(MAX_CELLS)} cells of values, ${count(MAX_COLUMNS)} columns; what is beyond is left out, and said so`;

export const FORMAT_FACTS: Record<DocumentKind, FormatFacts> = {
  text: {
    extensions: ['txt', 'text', 'log'],
    mediaTypes: ['text/plain'],
    read: 'paragraphs, in any common encoding (UTF-8, -16, -32, Windows-125x, ISO-8859, Shift-JIS, GB18030, Big5, EUC …); lines such as “Chapter 3” are headings',
    places: [],
    metadata: ['encoding'],
    limits: [],
    libraries: [],
  },
  markdown: {
    extensions: ['md', 'markdown', 'mdown', 'mkd', 'mdx'],
    mediaTypes: ['text/markdown'],
    read: 'headings, paragraphs, lists, tables, quotations and code without their marks (GFM)',
    places: [],
    metadata: ['encoding', 'author', 'description', 'language', 'tags', ...DATES, 'links'],
    limits: [`beyond ${count(MAX_LEXED_CHARACTERS)} characters or ${MAX_NESTING} levels taken as plain text`],
    libraries: ['marked'],
  },
  html: {
    extensions: ['html', 'htm', 'xhtml', 'mhtml', 'mht', 'webarchive'],
    mediaTypes: ['text/html', 'application/xhtml+xml', 'multipart/related'],
    read: 'the article where a page clearly has one, else all but navigation and scripts; pages as browsers save them',
    places: [],
    metadata: [...DATES, ...names('encoding author description language tags siteName canonicalUrl savedAt links')],
    limits: [
      `beyond ${count(MAX_TREE_CHARACTERS)} characters or ${count(MAX_TREE_TAGS)} tags read without their structure`,
    ],
    libraries: ['linkedom', '@mozilla/readability'],
  },
  pdf: {
    extensions: ['pdf'],
    mediaTypes: ['application/pdf'],
    read: 'text by page in reading order, columns apart; headings, lists and tables by where and how large they are set; values of forms, remarks; not running headers',
    places: ['page', 'name'],
    metadata: [
      ...DATES,
      ...names(
        'author description keywords language generator outline pageLabels unreadablePages pagesWithoutText links',
      ),
    ],
    measurements: ['scan'],
    wanted: ['ocr'],
    limits: [`${count(MAX_PAGES)} pages`],
    libraries: ['unpdf'],
  },
  rtf: {
    extensions: ['rtf'],
    mediaTypes: ['application/rtf', 'text/rtf'],
    read: 'paragraphs, headings by outline level, lists, tables, notes, page headers',
    places: [],
    metadata: ['author', 'description', 'tags', 'generator', ...DATES, 'links'],
    limits: [`formatting beyond ${count(MAX_STATES)} nested groups is passed over`],
    libraries: [],
  },
  epub: {
    extensions: ['epub'],
    mediaTypes: ['application/epub+zip'],
    read: 'chapters in the order of reading, named by the table of contents',
    places: [],
    metadata: [...DATES, ...names('author publisher description language identifier tags chapters links')],
    limits: [`${megabytes(MAX_CHAPTER_BYTES)} a chapter`],
    libraries: ['saxes', 'linkedom'],
  },
  docx: {
    extensions: ['docx', 'docm'],
    mediaTypes: ['application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    read: 'headings, paragraphs, lists, tables, footnotes and endnotes; charts, diagrams, comments; page headers and footers',
    places: [],
    metadata: OFFICE,
    limits: [`${megabytes(MAX_XML_BYTES)} of XML, ${megabytes(MAX_PARSED_XML_BYTES)} without formatting`],
    libraries: ['mammoth', 'linkedom'],
  },
  pptx: {
    extensions: ['pptx'],
    mediaTypes: ['application/vnd.openxmlformats-officedocument.presentationml.presentation'],
    read: 'slides in their order: titles, texts, tables, charts, diagrams, descriptions of pictures, notes, comments',
    places: ['slide', 'name'],
    metadata: [...OFFICE, 'hiddenSlides'],
    limits: [`${count(MAX_SLIDES)} slides`, PACKED],
    libraries: ['saxes', 'fflate'],
  },
  xlsx: {
    extensions: ['xlsx', 'xlsm'],
    mediaTypes: ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
    read: 'sheets as tables with typed columns, numbers and dates as they are shown, then charts, shapes and comments',
    places: ['sheet'],
    metadata: [...OFFICE, 'hiddenSheets', 'definedNames', ...TABLE],
    measurements: ['table'],
    limits: [`${count(MAX_SHEETS)} sheets`, VALUES, PACKED],
    libraries: ['saxes', 'fflate'],
  },
  odt: {
    extensions: ['odt'],
    mediaTypes: ['application/vnd.oasis.opendocument.text'],
    read: 'headings, paragraphs, lists, tables, notes, comments, page headers and footers; not what was deleted',
    places: [],
    metadata: OFFICE,
    limits: [PACKED],
    libraries: ['saxes', 'fflate'],
  },
  odp: {
    extensions: ['odp'],
    mediaTypes: ['application/vnd.oasis.opendocument.presentation'],
    read: 'slides in their order: titles, texts, tables, descriptions of pictures, notes, comments',
    places: ['slide'],
    metadata: [...OFFICE, 'hiddenSlides'],
    limits: [PACKED],
    libraries: ['saxes', 'fflate'],
  },
  ods: {
    extensions: ['ods'],
    mediaTypes: ['application/vnd.oasis.opendocument.spreadsheet'],
    read: 'sheets as tables with typed columns, then shapes and comments',
    places: ['sheet'],
    metadata: [...OFFICE, 'hiddenSheets', ...TABLE],
    measurements: ['table'],
    limits: [`${count(MAX_ROWS)} rows a sheet`, VALUES, PACKED],
    libraries: ['saxes', 'fflate'],
  },
  csv: {
    extensions: ['csv', 'tsv', 'tab', 'psv'],
    mediaTypes: ['text/csv', 'text/tab-separated-values'],
    read: 'a table with typed columns; separator, encoding, numbers and dates as the file has them',
    places: [],
    metadata: ['encoding', 'delimiter', ...TABLE],
    measurements: ['table'],
    limits: [`the first ${megabytes(MAX_DECODED_BYTES)}`, VALUES],
    libraries: [],
  },
  email: {
    extensions: ['eml', 'msg'],
    mediaTypes: ['message/rfc822', 'application/vnd.ms-outlook'],
    read: 'subject, header and body, of which the richer form that can be read; as any program sends it, or as Outlook saves it',
    places: [],
    metadata: names('subject from to cc bcc replyTo date messageId inReplyTo attachments leftOut links'),
    children: 'attachments, forwarded mails and what is in winmail.dat among them',
    limits: [
      `${megabytes(MAX_MESSAGE_BYTES)}, ${MAX_PART_DEPTH} levels of parts`,
      `${count(MAX_CHILDREN)} attachments`,
    ],
    libraries: ['postal-mime'],
  },
  mailbox: {
    extensions: ['mbox'],
    mediaTypes: ['application/mbox'],
    read: 'nothing but its messages',
    places: [],
    metadata: ['messages'],
    children: 'each message',
    limits: [`${count(MAX_CHILDREN)} messages`],
    libraries: [],
  },
  notebook: {
    extensions: ['ipynb'],
    mediaTypes: ['application/x-ipynb+json'],
    read: 'text cells as Markdown, code cells, the beginning of what they printed (nbformat 3 and 4)',
    places: [],
    metadata: ['author', 'programmingLanguage', 'kernel', 'cells', 'links'],
    limits: [`${count(MAX_OUTPUT_CHARACTERS)} characters of an output, ${MAX_OUTPUTS_PER_CELL} outputs a cell`],
    libraries: ['marked'],
  },
  json: {
    extensions: ['json', 'jsonl', 'ndjson', 'geojson', 'webmanifest', 'har'],
    mediaTypes: ['application/json', 'application/x-ndjson'],
    read: 'a line for each value under the names that lead to it; JSON Lines by record; not long lists of numbers',
    places: ['name'],
    metadata: ['encoding', 'records', 'unreadableRecords'],
    limits: [`${count(MAX_JSON_CHARACTERS)} characters, ${MAX_JSON_DEPTH} levels`],
    libraries: [],
  },
  code: {
    extensions: CODE_LANGUAGES.flatMap(({ extensions }) => extensions.slice(0, 1)),
    mediaTypes: [],
    read: 'all lines in their order, by function, class, method, table or rule',
    places: ['name'],
    metadata: ['encoding', 'programmingLanguage', 'lines', 'symbols'],
    limits: [`${count(MAX_SYMBOLS)} symbols; beyond ${count(MAX_LINES)} lines not cut by symbol`],
    libraries: [],
  },
  subtitles: {
    extensions: ['srt', 'vtt'],
    mediaTypes: ['application/x-subrip', 'text/vtt'],
    read: 'what is said, by sentence, with who says it',
    places: ['time'],
    metadata: ['encoding', 'language', 'cues', 'durationMs'],
    limits: [],
    libraries: [],
  },
  image: {
    extensions: ['png', 'jpg', 'jpeg', 'webp', 'gif', 'bmp', 'tif', 'tiff', 'avif', 'heic', 'svg'],
    mediaTypes: ['image/*'],
    read: 'captions, comments and keywords (EXIF, IPTC, XMP), a line on size, camera and date; the texts of SVG drawings',
    places: [],
    metadata: names(
      'format width height takenAt camera latitude longitude author description tags copyright generator lens',
    ),
    measurements: ['image'],
    wanted: ['ocr', 'caption'],
    limits: [
      `no look (hash, colours) of pictures that take more than ${count(MAX_DECODER_BYTES / 1_000_000)} MB to decode, of PNG and JPEG from ${count(MAX_STREAMED_PIXELS / 1_000_000)} megapixels; ${megabytes(MAX_SVG_BYTES)} of SVG`,
    ],
    libraries: ['@cf-wasm/photon', 'saxes'],
  },
  audio: {
    extensions: ['mp3', 'wav', 'flac', 'ogg', 'opus', 'm4a', 'aac', 'aif', 'aiff', 'mka'],
    mediaTypes: ['audio/*'],
    read: 'tags, lyrics with their times, chapters',
    places: ['time'],
    metadata: [...MEDIA_TAGS, ...names('format codec durationMs bitrate sampleRate channels tempoBpm key')],
    measurements: ['audio'],
    wanted: ['transcript'],
    limits: [
      `sound is measured for the first ${PCM_SECONDS} s of WAV and AIFF, ${FLAC_SECONDS} s of FLAC, ${MP3_SECONDS} s of MP3`,
    ],
    libraries: ['music-metadata', 'js-mp3', 'fft.js'],
  },
  video: {
    extensions: ['mp4', 'mov', 'm4v', 'mkv', 'webm', 'avi'],
    mediaTypes: ['video/*'],
    read: 'tags and chapters of the container; nothing is decoded',
    places: ['time'],
    metadata: [...MEDIA_TAGS, 'format', 'durationMs', 'width', 'height', 'codec', 'createdAt'],
    measurements: ['video'],
    wanted: ['transcript'],
    limits: [`${MAX_TRACKS} tracks`],
    libraries: ['music-metadata'],
  },
  zip: {
    extensions: ['zip'],
    mediaTypes: ['application/zip'],
    read: 'nothing but its files',
    places: [],
    metadata: ['files', 'emptyFiles'],
    children: 'each file, but for what systems and editors put beside them',
    limits: [`${count(MAX_CHILDREN)} files`],
    libraries: [],
  },
};
