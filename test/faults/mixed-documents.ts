import { mail } from '../support/mails.ts';
import { bytesOf, docx, paragraph, pdf } from '../unit/extraction.fixtures.ts';
import { joined, landscape, latin, png, pngChunk } from '../unit/extraction-images.fixtures.ts';
import { mp4, wav } from '../unit/extraction-media.fixtures.ts';
import {
  odsRow,
  odsSheet,
  openDocument,
  pack,
  pptx,
  shape,
  sheetRows,
  xlsx,
} from '../unit/extraction-office.fixtures.ts';
import { sine } from '../unit/extraction-sound.fixtures.ts';
import { epub, notebook } from '../unit/extraction-texts.fixtures.ts';
import { createProse, plantedWord } from './prose.ts';

export type MixedDocument = {
  name: string;
  type: string;
  bytes: Uint8Array;
  /** Words of which each stands once in all documents: in this one, or in one that comes out of it. */
  planted: string[];
  /** How many documents come out of it. */
  children: number;
  /** Why it cannot be read. */
  error?: string;
};

/** A text with a word that stands nowhere else. */
type Text = { planted: string; paragraphs: string[] };

type Recipe = {
  /** Of the format's own name; what is broken has the name of what it was. */
  extension: string;
  type: string;
  make(texts: [Text, Text]): string | Uint8Array;
  /** How many of the texts are in it. */
  texts?: 1 | 2;
  /** How many files are in it. */
  children?: 1 | 2;
  error?: string;
};

const LINE = /.{1,90}(?: |$)/g;
const SIZE = { width: 48, height: 32 };
const WORD = 'application/vnd.openxmlformats-officedocument';
const ODF = 'application/vnd.oasis.opendocument';

const wordFile = ({ paragraphs }: Text) => docx(paragraphs.map((text) => paragraph(text)).join(''));
const rtfFile = ({ paragraphs }: Text) =>
  `{\\rtf1\\ansi ${paragraphs.map((text) => `\\pard ${text}\\par\n`).join('')}}`;
const bookFile = ({ paragraphs }: Text) =>
  epub({ chapters: { 'one.xhtml': paragraphs.map((text) => `<p>${text}</p>`).join('') }, spine: ['one.xhtml'] });
const plainText = ({ paragraphs }: Text) => paragraphs.join('\n\n');
const mailOf = (text: Text) => mail({ subject: 'A letter', text: text.paragraphs.join('\r\n\r\n') });
const cut = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1);

/** Groups of so many, the last of what is left. */
const inGroups = (paragraphs: string[], many: number): string[][] =>
  Array.from({ length: Math.ceil(paragraphs.length / many) }, (_, i) => paragraphs.slice(i * many, (i + 1) * many));

const clock = (second: number) => new Date(second * 1000).toISOString().slice(11, 19);

/** One of each kind that can be read, and of what cannot. */
const RECIPES: Recipe[] = [
  { extension: 'txt', type: 'text/plain', make: ([text]) => plainText(text) },
  {
    extension: 'md',
    type: 'text/markdown',
    make: ([{ paragraphs }]) =>
      paragraphs.map((text, i) => (i % 5 === 0 ? `## Part ${i}\n\n${text}` : text)).join('\n\n'),
  },
  {
    extension: 'html',
    type: 'text/html',
    make: ([{ paragraphs }]) =>
      `<!doctype html><title>Notes</title><article>${paragraphs.map((text) => `<p>${text}</p>`).join('\n')}</article>`,
  },
  {
    extension: 'pdf',
    type: 'application/pdf',
    make: ([{ paragraphs }]) =>
      pdf(inGroups(paragraphs, 4).map((page) => page.map((text) => text.match(LINE)?.join('\n') ?? '').join('\n'))),
  },
  { extension: 'rtf', type: 'application/rtf', make: ([text]) => rtfFile(text) },
  {
    extension: 'epub',
    type: 'application/epub+zip',
    make: ([text]) => bookFile(text),
  },
  { extension: 'docx', type: `${WORD}.wordprocessingml.document`, make: ([text]) => wordFile(text) },
  {
    extension: 'pptx',
    type: `${WORD}.presentationml.presentation`,
    make: ([{ paragraphs }]) => pptx(inGroups(paragraphs, 2).map((texts) => texts.map((text) => shape(text)).join(''))),
  },
  {
    extension: 'xlsx',
    type: `${WORD}.spreadsheetml.sheet`,
    make: ([{ paragraphs }]) =>
      xlsx({ Notes: sheetRows([['Number', 'Note'], ...paragraphs.map((text, i): [number, string] => [i, text])]) }),
  },
  {
    extension: 'odt',
    type: `${ODF}.text`,
    make: ([{ paragraphs }]) => openDocument('text', paragraphs.map((text) => `<text:p>${text}</text:p>`).join('')),
  },
  {
    extension: 'odp',
    type: `${ODF}.presentation`,
    make: ([{ paragraphs }]) =>
      openDocument(
        'presentation',
        paragraphs
          .map(
            (text) =>
              `<draw:page><draw:frame><draw:text-box><text:p>${text}</text:p></draw:text-box></draw:frame></draw:page>`,
          )
          .join(''),
      ),
  },
  {
    extension: 'ods',
    type: `${ODF}.spreadsheet`,
    make: ([{ paragraphs }]) =>
      openDocument(
        'spreadsheet',
        odsSheet(
          'Notes',
          [odsRow('Number', 'Note'), ...paragraphs.map((text, i) => odsRow(`No. ${i}`, text))].join(''),
        ),
      ),
  },
  {
    extension: 'csv',
    type: 'text/csv',
    make: ([{ paragraphs }]) => ['number,note', ...paragraphs.map((text, i) => `${i},"${text}"`)].join('\n'),
  },
  {
    extension: 'eml',
    type: 'message/rfc822',
    make: ([first, second]) =>
      mail({ subject: 'A letter', text: first.paragraphs.join('\r\n\r\n') }, [
        { filename: 'enclosed.txt', content: second.paragraphs.join('\r\n\r\n') },
      ]),
    texts: 2,
    children: 1,
  },
  {
    extension: 'mbox',
    type: 'application/mbox',
    make: (texts) =>
      texts.map((text) => `From ada@example.org Mon Jan  1 10:00:00 2024\r\n${mailOf(text)}\r\n`).join('\r\n'),
    texts: 2,
    children: 2,
  },
  {
    extension: 'ipynb',
    type: 'application/x-ipynb+json',
    make: ([{ paragraphs }]) => notebook(paragraphs.map((source) => ({ cell_type: 'markdown', source, metadata: {} }))),
  },
  {
    extension: 'json',
    type: 'application/json',
    make: ([{ paragraphs }]) => JSON.stringify({ notes: paragraphs.map((text, number) => ({ number, text })) }),
  },
  {
    extension: 'py',
    type: 'text/x-python',
    make: ([{ paragraphs }]) =>
      paragraphs.map((text, i) => `def step_${i}():\n    """${text}"""\n    return ${i}\n`).join('\n\n'),
  },
  {
    extension: 'srt',
    type: 'application/x-subrip',
    make: ([{ paragraphs }]) =>
      paragraphs.map((text, i) => `${i + 1}\n${clock(20 * i)},000 --> ${clock(20 * i + 9)},000\n${text}\n`).join('\n'),
  },
  {
    extension: 'png',
    type: 'image/png',
    make: ([{ planted }]) =>
      png(SIZE, landscape(SIZE), { chunks: [pngChunk('tEXt', joined(latin(`Description\0The pond of ${planted}`)))] }),
  },
  {
    extension: 'wav',
    type: 'audio/wav',
    make: ([{ planted }]) =>
      wav([sine(2, { hertz: 440 }, 8000)], { rate: 8000, info: [['INAM', `The song of ${planted}`]] }),
  },
  {
    extension: 'mp4',
    type: 'video/mp4',
    make: ([{ planted }]) =>
      mp4('isom', [{ handler: 'vide', codec: 'avc1', width: 640, height: 480 }], `The walk to ${planted}`),
  },
  {
    extension: 'zip',
    type: 'application/zip',
    make: ([first, second]) => pack({ 'first.txt': plainText(first), 'deeper/second.rtf': rtfFile(second) }),
    texts: 2,
    children: 2,
  },
  {
    extension: 'docx',
    type: `${WORD}.wordprocessingml.document`,
    make: ([text]) => cut(wordFile(text)),
    error: 'malformed',
  },
  { extension: 'epub', type: 'application/epub+zip', make: ([text]) => cut(bookFile(text)), error: 'malformed' },
  {
    extension: 'sqlite',
    type: 'application/vnd.sqlite3',
    make: ([text]) => `SQLite format 3\0${plainText(text)}`,
    error: 'unsupported_format',
  },
];

/** So many have one of each kind. */
export const KINDS_OF_DOCUMENTS = RECIPES.length;

/** Files of all formats and several sizes, some of them broken; the same seed gives the same ones. */
export function mixDocuments(many: number, seed: number): MixedDocument[] {
  const { below, paragraphsWith } = createProse(seed);
  const write = (number: number): Text => {
    const planted = plantedWord(number);
    // Most are letters; some are long.
    return { planted, paragraphs: paragraphsWith(planted, 5 + below(below(10) === 0 ? 300 : 40)) };
  };
  const mixed: MixedDocument[] = [];
  while (mixed.length < many) {
    for (const { extension, type, make, texts: used = 1, children = 0, error } of RECIPES) {
      const index = mixed.length;
      if (index === many) break;
      const texts: [Text, Text] = [write(2 * index), write(2 * index + 1)];
      const made = make(texts);
      mixed.push({
        name: `document-${index}.${extension}`,
        type,
        bytes: typeof made === 'string' ? bytesOf(made) : made,
        planted: error === undefined ? texts.slice(0, used).map(({ planted }) => planted) : [],
        children,
        ...(error !== undefined && { error }),
      });
    }
  }
  return mixed;
}
