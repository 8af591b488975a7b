/** Elements that are empty by their nature: an HTML parser closes them by itself. */
const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

/**
 * XHTML for a parser of HTML: `<a id="x"/>` and `<script src="y"/>` would stay open there and take in what follows, and
 * sections of character data would be taken for comments.
 */
export function closeEmptyElements(xhtml: string): string {
  return xhtml
    .replace(/<!\[CDATA\[([\s\S]*?)(?:\]\]>|$)/g, (_, text: string) =>
      text.replaceAll('&', '&amp;').replaceAll('<', '&lt;'),
    )
    .replace(/<([a-z][\w:-]*)(\s[^<>]*)?\/>/gi, (element, name: string, attributes = '') =>
      VOID.has(name.toLowerCase()) ? element : `<${name}${attributes}></${name}>`,
    );
}
