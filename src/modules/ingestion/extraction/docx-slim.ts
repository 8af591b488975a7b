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

/**
 * Word's XML without formatting and revision history. The parsers take tens of bytes of memory for each byte of it, so
 * this decides whether a long document fits into a Worker. What is not UTF-8 comes back as it is.
 */
export function slimWordXml(part: Uint8Array): Uint8Array {
  const xml = readUtf8(part);
  if (xml === undefined) return part;
  const slim = xml
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
