import { strToU8, type Zippable, zipSync } from 'fflate';

/** Small office files made on the spot: the least that the formats ask for, with the parts that a test is about. */

type Parts = Record<string, string | Uint8Array>;

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const DRAWING =
  'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"';

/** A ZIP archive of these parts, later ones over earlier ones of the same name. */
export function pack(...parts: Parts[]): Uint8Array {
  const files: Zippable = {};
  for (const [name, content] of parts.flatMap((part) => Object.entries(part))) {
    files[name] = typeof content === 'string' ? strToU8(content) : content;
  }
  return zipSync(files);
}

/** The part that says what a part points to: `[type, target]`, with the ids rId1, rId2 … */
export function rels(...targets: [type: string, target: string, mode?: 'External'][]): string {
  const list = targets.map(
    ([type, target, mode], i) =>
      `<Relationship Id="rId${i + 1}" Type="${OFFICE}/${type}" Target="${target}"${mode ? ` TargetMode="${mode}"` : ''}/>`,
  );
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${list.join('')}</Relationships>`;
}

const root = (main: string): Parts => ({
  '[Content_Types].xml': `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`,
  '_rels/.rels': rels(['officeDocument', main]),
});

/** A presentation of slides, each the shapes on it (PresentationML), and further parts. */
export function pptx(slides: string[], parts: Parts = {}): Uint8Array {
  const ids = slides.map((_, i) => `<p:sldId id="${256 + i}" r:id="rId${i + 1}"/>`).join('');
  const made = slides.map((shapes, i): [string, string] => [`ppt/slides/slide${i + 1}.xml`, slide(shapes)]);
  return pack(
    root('ppt/presentation.xml'),
    {
      'ppt/presentation.xml': `${XML}<p:presentation ${DRAWING} xmlns:r="${OFFICE}"><p:sldIdLst>${ids}</p:sldIdLst></p:presentation>`,
      'ppt/_rels/presentation.xml.rels': rels(
        ...slides.map((_, i): [string, string] => ['slide', `slides/slide${i + 1}.xml`]),
      ),
    },
    Object.fromEntries(made),
    parts,
  );
}

/** A slide, or with another name its notes. */
export function slide(shapes: string, name = 'p:sld'): string {
  return `${XML}<${name} ${DRAWING} xmlns:r="${OFFICE}"><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></${name}>`;
}

/** A shape with a paragraph for each line; `place` is what it fills in the layout (`title`, `body` …). */
export function shape(text: string, place = ''): string {
  const lines = text.split('\n').map((line) => `<a:p><a:r><a:t>${line}</a:t></a:r></a:p>`);
  const holder = place === '' ? '' : `<p:ph type="${place}"/>`;
  return `<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"/><p:nvPr>${holder}</p:nvPr></p:nvSpPr><p:txBody>${lines.join('')}</p:txBody></p:sp>`;
}

/** A workbook of sheets by name, each its rows (SpreadsheetML), and further parts. */
export function xlsx(sheets: Record<string, string>, parts: Parts = {}): Uint8Array {
  const names = Object.keys(sheets);
  const listed = names.map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join('');
  const targets = names.map((_, i): [string, string] => ['worksheet', `worksheets/sheet${i + 1}.xml`]);
  const shared = Object.keys(parts).flatMap((name): [string, string][] => {
    if (name === 'xl/styles.xml') return [['styles', 'styles.xml']];
    return name === 'xl/sharedStrings.xml' ? [['sharedStrings', 'sharedStrings.xml']] : [];
  });
  const made = Object.values(sheets).map((rows, i): [string, string] => [
    `xl/worksheets/sheet${i + 1}.xml`,
    rows.startsWith('<?xml') ? rows : sheet(rows),
  ]);
  return pack(
    root('xl/workbook.xml'),
    {
      'xl/workbook.xml': `${XML}<workbook xmlns:r="${OFFICE}"><sheets>${listed}</sheets></workbook>`,
      'xl/_rels/workbook.xml.rels': rels(...targets, ...shared),
    },
    Object.fromEntries(made),
    parts,
  );
}

/** A sheet of rows, and what comes after them: merged cells, a drawing. */
export function sheet(rows: string, after = ''): string {
  return `${XML}<worksheet xmlns:r="${OFFICE}"><sheetData>${rows}</sheetData>${after}</worksheet>`;
}

/** Rows of values as programs write them: texts inline, numbers as they are, no addresses. */
export function sheetRows(rows: (string | number)[][]): string {
  const cell = (value: string | number) =>
    typeof value === 'number' ? `<c><v>${value}</v></c>` : `<c t="inlineStr"><is><t>${value}</t></is></c>`;
  return rows.map((row) => `<row>${row.map(cell).join('')}</row>`).join('');
}

/** Cell styles 1, 2 … with these number formats; style 0 has none. */
export function styles(...codes: string[]): string {
  const formats = codes.map((code, i) => `<numFmt numFmtId="${164 + i}" formatCode="${code}"/>`).join('');
  const cells = codes.map((_, i) => `<xf numFmtId="${164 + i}"/>`).join('');
  return `${XML}<styleSheet><numFmts>${formats}</numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${cells}</cellXfs><dxfs><dxf><numFmt numFmtId="164" formatCode="0%"/></dxf></dxfs></styleSheet>`;
}

const ODF_NAMES = [
  'office',
  'text',
  'table',
  'draw',
  'presentation',
  'style',
  'number',
  'meta',
  'svg',
  'manifest',
  'calcext',
]
  .map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`)
  .join(' ');
const ODF_ROOT = `${ODF_NAMES} xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"`;

/** An OpenDocument file: its body, styles of its own, and further parts. */
export function openDocument(
  type: 'text' | 'presentation' | 'spreadsheet',
  body: string,
  { styles = '', parts = {} }: { styles?: string; parts?: Parts } = {},
): Uint8Array {
  return pack(
    {
      mimetype: `application/vnd.oasis.opendocument.${type}`,
      'META-INF/manifest.xml': odfPart(
        'manifest:manifest',
        `<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.${type}"/><manifest:file-entry manifest:full-path="content.xml"/>`,
      ),
      'content.xml': odfPart(
        'office:document-content',
        `<office:automatic-styles>${styles}</office:automatic-styles><office:body><office:${type}>${body}</office:${type}></office:body>`,
      ),
    },
    parts,
  );
}

/** A part of an OpenDocument file with its names declared. */
export const odfPart = (name: string, content: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><${name} ${ODF_ROOT}>${content}</${name}>`;

/** An OpenDocument sheet of rows. */
export const odsSheet = (name: string, rows: string, style = ''): string =>
  `<table:table table:name="${name}"${style === '' ? '' : ` table:style-name="${style}"`}>${rows}</table:table>`;

/** A row of cells as LibreOffice writes texts. */
export const odsRow = (...values: string[]): string =>
  `<table:table-row>${values.map((value) => `<table:table-cell office:value-type="string"><text:p>${value}</text:p></table:table-cell>`).join('')}</table:table-row>`;

/** The same archive with sizes and places in fields of 64 bits (ZIP64), as programs write it that do not look back. */
export function asZip64(bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes);
  const end = buffer.length - 22;
  const count = buffer.readUInt16LE(end + 10);
  const start = buffer.readUInt32LE(end + 16);
  const entries: Buffer[] = [];
  for (let at = start; entries.length < count; ) {
    const name = buffer.subarray(at + 46, at + 46 + buffer.readUInt16LE(at + 28));
    const head = Buffer.from(buffer.subarray(at, at + 46));
    const long = Buffer.alloc(4 + 4 + 28);
    // A field of another kind comes first.
    long.writeUInt16LE(0x5455, 0);
    long.writeUInt16LE(0x0001, 4);
    long.writeUInt16LE(24, 6);
    for (const [place, from] of [24, 20, 42].entries()) {
      long.writeBigUInt64LE(BigInt(head.readUInt32LE(from)), 8 + 8 * place);
      head.writeUInt32LE(0xffffffff, from);
    }
    at += 46 + name.length + head.readUInt16LE(30) + head.readUInt16LE(32);
    head.writeUInt16LE(long.length, 30);
    entries.push(Buffer.concat([head, name, long]));
  }
  const list = Buffer.concat(entries);
  const record = Buffer.alloc(56 + 20 + 22);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(start), 48);
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(start + list.length), 64);
  record.writeUInt32LE(0x06054b50, 76);
  record.writeUInt16LE(0xffff, 86);
  record.writeUInt32LE(0xffffffff, 92);
  return new Uint8Array(Buffer.concat([buffer.subarray(0, start), list, record]));
}
