import type { Email } from 'postal-mime';
import { cleanTitle, createBlockCollector } from './blocks.ts';
import { COMPOUND_FILE } from './compound-file.ts';
import { attachmentsOf } from './email-attachments.ts';
import { readBody } from './email-body.ts';
import { describeMail, headerLines } from './email-facts.ts';
import { parseMessage } from './email-source.ts';
import { type ExtractedDocument, ExtractionError, type ExtractionInput, type Extractor } from './extractor.ts';
import { readOutlookMessage } from './outlook-message.ts';
import { startsWithAt } from './signatures.ts';
import { unwrapMail } from './tnef.ts';

/** A mail: its header and its body; attachments, mails that are passed on among them, are documents of their own. */
export const emailExtractor: Extractor = {
  kind: 'email',
  version: 'email/postal-mime@2',
  extract: async ({ bytes }) => extractEmail(bytes),
};

async function extractEmail(bytes: ExtractionInput['bytes']): Promise<ExtractedDocument> {
  const isOutlooks = startsWithAt(bytes, COMPOUND_FILE, 0);
  const email = unwrapMail(isOutlooks ? readOutlookMessage(bytes) : await parseMessage(bytes));
  if (isSealed(email)) throw sealed();
  const { children, leftOut } = attachmentsOf(email);
  const { blocks: body, links } = await readBody(email);
  const collector = createBlockCollector();
  const title = cleanTitle(email.subject);
  if (title !== undefined) collector.add({ type: 'heading', level: 1, text: title });
  collector.add({ type: 'paragraph', text: headerLines(email) });
  // What the body calls a heading stands under the subject.
  for (const block of body) {
    collector.add(block.level === undefined ? block : { ...block, level: Math.min(6, block.level + 1) });
  }
  return {
    ...(title === undefined ? {} : { title }),
    metadata: describeMail(email, { links, leftOut, attachments: children.map(({ filename }) => filename) }),
    blocks: collector.blocks,
    children,
  };
}

/** Whether all there is to read is encrypted, or wrapped into its signature. */
function isSealed(email: Email): boolean {
  const type = email.headers.find(({ key }) => key === 'content-type')?.value ?? '';
  const hasText = `${email.text ?? ''}${email.html ?? ''}`.trim() !== '';
  return !hasText && /^\s*(multipart\/encrypted|application\/(x-)?pkcs7-mime)\b/i.test(type);
}

function sealed(): ExtractionError {
  return new ExtractionError(
    'encrypted',
    'The message is encrypted or sealed by its signature (S/MIME or PGP). Open it in your mail program, save its text or forward it without encryption, and upload that.',
  );
}
