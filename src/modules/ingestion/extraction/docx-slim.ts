/** How characters, paragraphs and pages look, and who changed it when: most of a document's XML, and none of its text. */
const HISTORY = /<w:(rPrChange|pPrChange|sectPrChange|tblPrChange|tcPrChange|trPrChange)\b[\s\S]*?<\/w:\1>/g;
const RUN_FORMAT = /<w:rPr>[\s\S]*?<\/w:rPr>/g;
const BLOCK_FORMAT =
  /<w:(pBdr|tabs|tblBorders|tcBorders|tblCellMar|tcMar|tblLook|tblGrid|sectPr)\b(?:[^>]*\/>|[\s\S]*?<\/w:\1>)/g;
const FLAGS =
  /<w:(?:spacing|ind|jc|shd|keepNext|keepLines|pageBreakBefore|widowControl|contextualSpacing|textAlignment|snapToGrid|lastRenderedPageBreak|proofErr|bookmarkEnd)\b[^>]*\/>/g;
const REVISION_IDS = / (?:w:rsid\w*|w14:(?:paraId|textId))="[^"]*"/g;
const EMPTY = /<w:rPr\/>|<w:pPr><\/w:pPr>|<w:r><\/w:r>/g;
/** Where two runs meet that only their format kept apart. */
const RUN_JOINT = /<\/w:t><\/w:r><w:r><w:t(?: xml:space="preserve")?>/g;
/** Marks in a paragraph's run format that it was merged with the next one when a change was tracked. */
const TRACKED = /<w:(?:del|ins|moveFrom|moveTo)\b/;

/** What only marks the text within: fields that are shown as they were last computed, directions of writing. */
const WRAPPINGS = /<\/?w:(?:fldSimple|dir|bdo)\b[^>]*>/g;
/** Readings over words: the words stand in runs of their own within a run. */
const READING = /<w:ruby>[\s\S]*?<w:rubyBase>([\s\S]*?)<\/w:rubyBase>[\s\S]*?<\/w:ruby>/g;
const FORMULA = /<m:oMath(?:\s[^>]*)?>[\s\S]*?<\/m:oMath>/g;
/** What a newer Word shows of itself and nothing for older ones: of those that hold another, the innermost. */
const ALTERNATIVE = /<mc:AlternateContent\b[^>]*>((?:(?!<\/?mc:AlternateContent\b)[\s\S])*)<\/mc:AlternateContent>/g;
const TEXT_BOX = /<w:txbxContent>[\s\S]*?<\/w:txbxContent>/g;

/** In words that mammoth knows, as far as it does without: fields, formulas, line ends, text boxes without an older form. */
function inKnownWords(xml: string): string {
  return xml
    .replace(WRAPPINGS, '')
    .replace(READING, '</w:r>$1<w:r>')
    .replace(FORMULA, formulaRun)
    .replace(/<w:cr\/>/g, '<w:br/>')
    .replace(/<w:ptab\b[^>]*\/>/g, '<w:tab/>')
    .replace(ALTERNATIVE, (whole, content: string) => (content.includes('<mc:Fallback') ? whole : boxesIn(content)));
}

function formulaRun(formula: string): string {
  const words = Array.from(formula.matchAll(/<m:t\b[^>]*>([^<]*)<\/m:t>/g), ([, text = '']) => text);
  return `<w:r><w:t xml:space="preserve">${words.join('')}</w:t></w:r>`;
}

const boxesIn = (content: string): string => `<w:pict>${content.match(TEXT_BOX)?.join('') ?? ''}</w:pict>`;

/**
 * Word's XML without formatting and revision history. The parsers take tens of bytes of memory for each byte of it, so
 * this decides whether a long document fits into a Worker. What is not UTF-8 comes back as it is.
 */
export function slimWordXml(part: Uint8Array): Uint8Array {
  const xml = readUtf8(part);
  if (xml === undefined) return part;
  const slim = inKnownWords(xml)
    .replace(HISTORY, '')
    .replace(RUN_FORMAT, (format) => (TRACKED.test(format) ? format : ''))
    .replace(BLOCK_FORMAT, '')
    .replace(FLAGS, '')
    .replace(REVISION_IDS, '')
    .replace(EMPTY, '')
    .replace(RUN_JOINT, '');
  return new TextEncoder().encode(slim);
}

function readUtf8(part: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(part);
  } catch {
    return undefined;
  }
}
