/** What a walk over XML calls. Names are as written, with their prefix. */
export type XmlHandlers = {
  open?(name: string, attributes: Record<string, string>, path: readonly string[]): void;
  text?(text: string, path: readonly string[]): void;
  close?(name: string, path: readonly string[]): void;
};

/** Drawings nest some ten deep; deeper ones are made to fill memory. */
const MAX_DEPTH = 500;

/**
 * Walks XML without building it: entities of the document's own are not resolved, what is not well-formed is passed
 * over. `path` names the open elements, outermost first, the current one last. @throws RangeError when nested too deep
 */
export async function walkXml(xml: string, handlers: XmlHandlers): Promise<void> {
  const { SaxesParser } = await import('saxes');
  const parser = new SaxesParser<{ xmlns: false; position: false }>({ xmlns: false, position: false });
  const path: string[] = [];
  parser.on('error', () => {});
  parser.on('opentag', ({ name, attributes }) => {
    if (path.push(name) > MAX_DEPTH) throw new RangeError('The XML is nested too deep.');
    handlers.open?.(name, attributes, path);
  });
  const onText = (text: string) => handlers.text?.(text, path);
  parser.on('text', onText);
  parser.on('cdata', onText);
  parser.on('closetag', ({ name }) => {
    handlers.close?.(name, path);
    path.pop();
  });
  parser.write(xml).close();
}
