/** A picture of so many pixels, or a line of text. */
export type ScanPage = { width: number; height: number; bits?: 1 | 8; colour?: boolean } | string;

/** A PDF of pages that are pictures, as scanners make them, or text. */
export function scannedPdf(pages: ScanPage[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const offsets: number[] = [];
  let length = 0;
  const write = (part: string | Uint8Array) => {
    const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : part;
    parts.push(bytes);
    length += bytes.length;
  };
  const object = (...body: (string | Uint8Array)[]) => {
    offsets.push(length);
    write(`${offsets.length} 0 obj\n`);
    for (const part of body) write(part);
    write('\nendobj\n');
  };
  const stream = (dictionary: string, content: string | Uint8Array) =>
    object(`<<${dictionary}/Length ${content.length}>>\nstream\n`, content, '\nendstream');

  write('%PDF-1.4\n');
  object('<</Type/Catalog/Pages 2 0 R>>');
  object(`<</Type/Pages/Kids[${pages.map((_, i) => `${4 + 3 * i} 0 R`).join(' ')}]/Count ${pages.length}>>`);
  object('<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>');
  for (const page of pages) {
    const first = offsets.length + 1;
    const resources = `<</Font<</F1 3 0 R>>/XObject<</Im ${first + 2} 0 R>>>>`;
    object(`<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources${resources}/Contents ${first + 1} 0 R>>`);
    const isText = typeof page === 'string';
    stream('', isText ? `BT /F1 12 Tf 50 750 Td (${page}) Tj ET` : 'q 600 0 0 800 0 0 cm /Im Do Q');
    const { width, height, bits = 8, colour = false } = isText ? { width: 1, height: 1 } : page;
    const rowBytes = Math.ceil((width * bits * (colour ? 3 : 1)) / 8);
    const pixels = new Uint8Array(rowBytes * height).map((_, i) => (i * 31) % 256);
    const space = colour ? '/DeviceRGB' : '/DeviceGray';
    stream(
      `/Type/XObject/Subtype/Image/Width ${width}/Height ${height}/ColorSpace${space}/BitsPerComponent ${bits}`,
      pixels,
    );
  }
  const start = length;
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  write(`xref\n0 ${offsets.length + 1}\n0000000000 65535 f \n${rows}`);
  write(`trailer\n<</Size ${offsets.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
  return new Uint8Array(Buffer.concat(parts));
}
