import { cleanText } from './blocks.ts';
import type { DecodedText } from './decode.ts';
import { parseMessage } from './email-source.ts';

/** How browsers begin a page that they save with its pictures in one file (MHTML): as a mail. */
const SAVED_PAGE = /^(from: <saved by |snapshot-content-location:)/im;

const MAX_HEAD_BYTES = 16_384;

/** Whether a header (RFC 5322) is that of a saved page. */
export const isSavedPage = (header: string): boolean => SAVED_PAGE.test(header);

/** The page in such a file; undefined for any other file. Its pictures are left out, as those of any page. */
export async function readSavedPage(bytes: Uint8Array): Promise<DecodedText | undefined> {
  const head =
    new TextDecoder('windows-1252').decode(bytes.subarray(0, MAX_HEAD_BYTES)).split(/\r?\n\r?\n/, 1)[0] ?? '';
  if (!/^[!-9;-~]+:/.test(head) || !isSavedPage(head)) return undefined;
  const { html = '' } = await parseMessage(bytes);
  return { text: cleanText(html), encoding: 'utf-8' };
}
