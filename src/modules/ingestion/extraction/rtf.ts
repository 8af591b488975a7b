import { cleanTitle, compactMetadata, titleFromHeadings, toIsoDate } from './blocks.ts';
import { type ExtractedDocument, ExtractionError, type ExtractionInput, type Extractor } from './extractor.ts';
import { createLinkCollector } from './links.ts';
import { readRtf } from './rtf-reader.ts';

/** Rich Text: paragraphs, headings by outline level, lists, tables, then notes and page headers. Pictures are passed over. */
export const rtfExtractor: Extractor = {
  kind: 'rtf',
  version: 'rtf/own@1',
  extract: async (input) => extractRtf(input),
};

function extractRtf({ bytes }: ExtractionInput): ExtractedDocument {
  const { blocks, info, links, openGroups } = readRtf(bytes);
  if (openGroups > (endsWithGroup(bytes) ? 2 : 1)) throw cutOff();
  const collected = createLinkCollector();
  for (const url of links) collected.add(url);
  const title = cleanTitle(info.get('title')) ?? titleFromHeadings(blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({
      author: info.get('author'),
      description: info.get('doccomm') ?? info.get('subject'),
      tags: (info.get('keywords') ?? '')
        .split(/[,;]/)
        .map((word) => word.trim())
        .filter((word) => word !== '')
        .slice(0, 50),
      generator: info.get('generator')?.replace(/;\s*$/, ''),
      createdAt: toUtc(info.get('creatim')),
      modifiedAt: toUtc(info.get('revtim')),
      links: collected.urls(),
    }),
    blocks,
  };
}

/** Some programs forget the last brace or two; more than that is missing only where the end is. */
function endsWithGroup(bytes: Uint8Array): boolean {
  return /\}\s*$/.test(new TextDecoder('windows-1252').decode(bytes.subarray(-100)));
}

/** The dates of the format know no zone. */
const toUtc = (date: string | undefined) => toIsoDate(date?.includes('T') === true ? `${date}Z` : date);

function cutOff(): ExtractionError {
  return new ExtractionError(
    'malformed',
    'The Rich Text document ends in the middle, as when an upload or download breaks off. Save it anew in the program that made it and upload it again.',
  );
}
