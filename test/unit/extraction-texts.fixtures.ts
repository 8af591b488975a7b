import { strToU8, type Zippable, zipSync } from 'fflate';

type Book = {
  /** Contents of the body by path. */
  chapters: Record<string, string>;
  spine: string[];
  /** The table of contents (EPUB 2). */
  labels?: Record<string, string>;
  parts?: Record<string, string>;
  /** Whether the archive begins with its type, as it must. */
  withType?: boolean;
};

/** An EPUB whose files lie in `OPS`. */
export function epub({ chapters, spine, labels = {}, parts = {}, withType = true }: Book): Uint8Array {
  const paths = Object.keys(chapters);
  const items = paths.map(
    (path, i) => `<item href="${encodeURI(path)}" id="c${i}" media-type="application/xhtml+xml"/>`,
  );
  const opf = `<?xml version="1.0"?><opf:package xmlns:opf="http://www.idpf.org/2007/opf" version="2.0"><opf:metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>A Book</dc:title><dc:creator opf:role="aut">Ada Writer</dc:creator><dc:creator>Bob Writer</dc:creator><dc:language>en</dc:language><dc:publisher>Press</dc:publisher>
<dc:identifier>urn:isbn:1</dc:identifier><dc:date>2020-01-02</dc:date><dc:subject>Fiction</dc:subject><opf:meta property="dcterms:modified">2021-02-03T04:05:06Z</opf:meta></opf:metadata>
<opf:manifest>${items.join('').replaceAll('<item', '<opf:item')}<opf:item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></opf:manifest>
<opf:spine toc="ncx">${spine.map((path) => `<opf:itemref idref="c${paths.indexOf(path)}"/>`).join('')}</opf:spine></opf:package>`;
  const points = Object.entries(labels).map(
    ([path, label]) => `<navPoint><navLabel><text>${label}</text></navLabel><content src="${path}"/></navPoint>`,
  );
  const files: Zippable = {
    ...(withType ? { mimetype: [strToU8('application/epub+zip'), { level: 0 }] } : {}),
    'META-INF/container.xml': strToU8(
      '<container xmlns="x"><rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    ),
    'OPS/book.opf': strToU8(opf),
    'OPS/toc.ncx': strToU8(`<ncx><navMap>${points.join('')}</navMap></ncx>`),
  };
  for (const [path, body] of Object.entries(chapters)) {
    files[`OPS/${path}`] = strToU8(
      `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>${body}</body></html>`,
    );
  }
  for (const [path, content] of Object.entries(parts)) files[path] = strToU8(content);
  return zipSync(files);
}

/** A Jupyter notebook with these cells. */
export const notebook = (cells: unknown[], metadata: Record<string, unknown> = {}): string =>
  JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, undefined, 1);
