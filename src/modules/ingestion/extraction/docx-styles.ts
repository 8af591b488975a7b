/** mammoth knows headings by their English names; what makes a style a heading for Word is its outline level. */

type Style = { parent: string | undefined; outlineLevel: number | undefined };

/** Outline levels in Word count from 0, and 9 is running text. */
const MAX_OUTLINE_LEVEL = 8;
/** Styles may stand on each other in a circle in a damaged file. */
const MAX_INHERITANCE = 12;

/** Mappings in mammoth's language, `p.Id => h2:fresh`, for the paragraph styles of `word/styles.xml` that are headings. */
export function headingStyles(stylesXml: string): string[] {
  const styles = new Map(stylesXml.split('</w:style>').flatMap(readStyle));
  return [...styles.keys()].flatMap((id) => {
    const level = outlineLevel(styles, id);
    return level === undefined || level > MAX_OUTLINE_LEVEL ? [] : [`p.${id} => h${Math.min(6, level + 1)}:fresh`];
  });
}

function readStyle(xml: string): [string, Style][] {
  const tag = /<w:style\s[^<>]*>/.exec(xml)?.[0] ?? '';
  const id = /\bw:styleId="([\w-]+)"/.exec(tag)?.[1];
  if (id === undefined || !tag.includes('w:type="paragraph"')) return [];
  const level = /<w:outlineLvl\s+w:val="(\d)"/.exec(xml)?.[1];
  const parent = /<w:basedOn\s+w:val="([\w-]+)"/.exec(xml)?.[1];
  return [[id, { parent, outlineLevel: level === undefined ? undefined : Number(level) }]];
}

function outlineLevel(styles: Map<string, Style>, id: string): number | undefined {
  let style = styles.get(id);
  for (let i = 0; i < MAX_INHERITANCE && style !== undefined; i++) {
    if (style.outlineLevel !== undefined) return style.outlineLevel;
    style = style.parent === undefined ? undefined : styles.get(style.parent);
  }
  return undefined;
}
