import { randomFrom } from '../../scripts/random.ts';

export type GeneratedDocument = {
  name: string;
  type: string;
  text: string;
  /** Stands once in the document and in no other. */
  planted: string;
};

const FORMATS = [
  { extension: 'txt', type: 'text/plain', render: (paragraphs: string[]) => paragraphs.join('\n\n') },
  {
    extension: 'md',
    type: 'text/markdown',
    render: (paragraphs: string[]) =>
      paragraphs.map((text, index) => (index % 5 === 0 ? `## Part ${index / 5 + 1}\n\n${text}` : text)).join('\n\n'),
  },
  {
    extension: 'html',
    type: 'text/html',
    render: (paragraphs: string[]) =>
      `<!doctype html><title>Notes</title><article>${paragraphs.map((text) => `<p>${text}</p>`).join('\n')}</article>`,
  },
] as const;

const SYLLABLES = ['ba', 'cor', 'del', 'fi', 'gan', 'hol', 'ju', 'kri', 'lom', 'mar', 'nep', 'os', 'pri', 'qua', 'ris'];
const WORDS_PER_PARAGRAPH = 60;

/** Documents of several formats and sizes; the same seed gives the same ones. */
export function generateDocuments(many: number, seed: number): GeneratedDocument[] {
  const random = randomFrom(seed);
  const pick = () => SYLLABLES[Math.floor(random() * SYLLABLES.length)] ?? 'ba';
  const paragraph = () => Array.from({ length: WORDS_PER_PARAGRAPH }, () => pick() + pick()).join(' ');

  return Array.from({ length: many }, (_, index) => {
    const format = FORMATS[index % FORMATS.length] ?? FORMATS[0];
    const planted = plantedWord(index);
    const paragraphs = Array.from({ length: 20 + Math.floor(random() * 400) }, () => `${paragraph()}.`);
    paragraphs.splice(Math.floor(random() * paragraphs.length), 0, sentenceWith(planted));
    return {
      name: `document-${index}.${format.extension}`,
      type: format.type,
      text: format.render(paragraphs),
      planted,
    };
  });
}

/** Longer than the overlap of neighbouring passages, which repeats whole sentences: it stands in one passage only. */
const sentenceWith = (planted: string) =>
  `Among all the words of this document there is one, and it is ${planted}, which stands in no other document of this ` +
  'library and which therefore must be found in exactly one passage of it, however often its reader was interrupted.';

/** No two of these share a stem, and none is made of the syllables above. */
const plantedWord = (index: number) =>
  `zyx${[...String(index)].map((digit) => 'tvwxzbcdfg'[Number(digit)]).join('u')}ok`;
