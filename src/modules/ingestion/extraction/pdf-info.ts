import { cleanTitle, toIsoDate } from './blocks.ts';

/** What is asked of a PDF.js document. */
export type InfoSource = { getMetadata(): Promise<{ info: object; metadata: unknown }> };

/** What a PDF says about itself, each fact in its older dictionary or in its newer XMP. */
export async function readPdfInfo(pdf: InfoSource): Promise<Record<string, string | undefined>> {
  const { info, metadata } = await pdf.getMetadata().catch(() => ({ info: {}, metadata: null }));
  const text = (name: string) => present(Reflect.get(info, name));
  const xmp = (name: string) => xmpText(metadata, name);
  return {
    title: usefulTitle(text('Title') ?? xmp('dc:title')),
    author: text('Author') ?? xmp('dc:creator'),
    description: text('Subject') ?? xmp('dc:description'),
    keywords: text('Keywords') ?? xmp('pdf:keywords'),
    language: text('Language') ?? xmp('dc:language'),
    generator: text('Creator') ?? text('Producer') ?? xmp('xmp:creatortool'),
    createdAt: pdfDate(text('CreationDate')) ?? toIsoDate(xmp('xmp:createdate')),
    modifiedAt: pdfDate(text('ModDate')) ?? toIsoDate(xmp('xmp:modifydate')),
  };
}

const present = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value : undefined);

/** A property of the XMP packet, whose lists become one text. */
function xmpText(metadata: unknown, name: string): string | undefined {
  if (!(metadata instanceof Object) || !('get' in metadata) || typeof metadata.get !== 'function') return undefined;
  const value: unknown = metadata.get(name);
  return Array.isArray(value) ? present(value.slice(0, 20).map(String).join(', ')) : present(value);
}

/** `D:20240103093826+01'00'` as ISO 8601 in UTC; what is left out is the first of its kind (PDF 32000-1, 7.9.4). */
export function pdfDate(text: string | undefined): string | undefined {
  const match = /^(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-])(\d\d)'?(\d\d)?'?)?/.exec(text ?? '');
  if (match === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', sign, zoneHour, zoneMinute] =
    match;
  const zone = sign === undefined ? 'Z' : `${sign}${zoneHour}:${zoneMinute ?? '00'}`;
  return toIsoDate(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
}

/** Programs put file names and placeholders where the title belongs. */
function usefulTitle(title: string | undefined): string | undefined {
  const clean = cleanTitle(title?.replace(/^Microsoft (Word|PowerPoint|Excel) - /, ''));
  const isName =
    clean === undefined || /^(untitled|document\d*|title|slide \d+)$/i.test(clean) || /\.\w{2,5}$/.test(clean);
  return isName ? undefined : clean;
}
