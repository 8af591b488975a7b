import { chartBlocks } from './chart-text.ts';
import { diagramBlocks } from './diagram-text.ts';
import type { Block } from './extractor.ts';
import { childrenOf, descendantsOf, parseXml, textIn, type XmlElement } from './office-xml.ts';

/** What a Word document has beside its text, in parts of their own: diagrams, charts, remarks of readers. */
export const PART_AROUND = /^word\/(?:diagrams\/data\d*|charts\/chart(?:ex)?\d*|comments)\.xml$/i;

/** The blocks of such a part. */
export async function readPartAround(name: string, content: Uint8Array): Promise<Block[]> {
  const root = await parseXml([content]);
  if (/\/diagrams\//i.test(name)) return diagramBlocks(root);
  return /\/charts\//i.test(name) ? chartBlocks(root) : commentBlocks(root);
}

/** `Ada: text`. */
function commentBlocks(root: XmlElement | undefined): Block[] {
  return childrenOf(root, 'comment').flatMap((comment) => {
    const paragraphs = descendantsOf(comment, 'p').map((paragraph) =>
      descendantsOf(paragraph, 't').map(textIn).join('').trim(),
    );
    const text = paragraphs.filter((line) => line !== '').join('\n');
    const author = comment.attributes['w:author'] ?? '';
    return text === '' ? [] : [{ type: 'quote', text: author === '' ? text : `${author}: ${text}` }];
  });
}
