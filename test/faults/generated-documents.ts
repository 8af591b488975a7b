import { createProse, plantedWord } from './prose.ts';

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

/** Documents of several formats and sizes; the same seed gives the same ones. */
export function generateDocuments(many: number, seed: number): GeneratedDocument[] {
  const { below, paragraphsWith } = createProse(seed);
  return Array.from({ length: many }, (_, index) => {
    const format = FORMATS[index % FORMATS.length] ?? FORMATS[0];
    const planted = plantedWord(index);
    const paragraphs = paragraphsWith(planted, 20 + below(400));
    return {
      name: `document-${index}.${format.extension}`,
      type: format.type,
      text: format.render(paragraphs),
      planted,
    };
  });
}
