import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** Where real documents with a manifest of what must be found in them lie, if they do. */
export const REAL_DOCUMENTS = path.resolve(
  process.env['COMMONPLACE_DATA'] ?? path.join(import.meta.dirname, '../../../shared/data'),
  'documents',
);

const entrySchema = z.object({
  file: z.string(),
  format: z.string(),
  expect: z.enum(['text', 'metadata', 'encrypted', 'malformed']),
  phrase: z.string().optional(),
  meta: z.string().optional(),
  count: z
    .object({ pages: z.number().optional(), slides: z.number().optional(), sheets: z.number().optional() })
    .optional(),
});

export type RealDocument = z.output<typeof entrySchema>;

export const haveRealDocuments = existsSync(path.join(REAL_DOCUMENTS, 'manifest.json'));

/** The manifest's entries of the given formats, or of all. */
export function realDocuments(formats?: string[]): RealDocument[] {
  if (!haveRealDocuments) return [];
  const manifest: unknown = JSON.parse(readFileSync(path.join(REAL_DOCUMENTS, 'manifest.json'), 'utf8'));
  return z
    .array(entrySchema)
    .parse(manifest)
    .filter((entry) => formats?.includes(entry.format) ?? true);
}

export const readRealDocument = (file: string): Buffer => readFileSync(path.join(REAL_DOCUMENTS, file));
