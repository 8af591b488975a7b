import { addOdfChildren, type OdfSink } from './odf-blocks.ts';
import { childAt, descendantsOf, textIn } from './office-xml.ts';
import type { OpenDocument } from './opendocument.ts';

/** Charts, formulas and documents within the document: each is a folder of parts in the same file. */
export type OdfObjects = {
  /** Takes the address of an object and the slide on which it stands. */
  add(href: string, page?: number): void;
  /** Reads what was taken, each object once. */
  read(file: OpenDocument, sinkOf: (page: number | undefined) => OdfSink): Promise<void>;
};

const MAX_OBJECTS = 200;

/** The objects of one document. */
export function createOdfObjects(): OdfObjects {
  const pages = new Map<string, number | undefined>();
  return {
    add(href, page) {
      const folder = href.replace(/^\.\//, '').replace(/\/$/, '');
      if (pages.size < MAX_OBJECTS && !pages.has(folder)) pages.set(folder, page);
    },
    async read(file, sinkOf) {
      for (const [folder, page] of pages) {
        const root = await file.tree(`${folder}/content.xml`);
        const sink = sinkOf(page);
        addOdfChildren(childAt(root, 'office:body'), sink);
        // A formula says how it was typed.
        const typed = [...descendantsOf(root, 'math:annotation'), ...descendantsOf(root, 'annotation')];
        for (const formula of typed) sink.add({ type: 'paragraph', text: textIn(formula) });
      }
    },
  };
}
