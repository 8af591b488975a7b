import { KINDS_OF_DOCUMENTS, mixDocuments } from '../../test/faults/mixed-documents.ts';
import { readRealDocument, realDocuments } from '../../test/support/real-documents.ts';

export type SampleFile = { name: string; bytes: Uint8Array; isReal: boolean };

/** Files of one format, as their names end. */
export type Samples = { format: string; files: SampleFile[] };

const SEED = 41;

/** All real files that can be read, by format; of formats without any, one that was made up. */
export function sampleFiles(): Samples[] {
  const real = realDocuments()
    .filter(({ expect }) => expect === 'text' || expect === 'metadata')
    .map(({ file }): SampleFile => ({ name: file, bytes: readRealDocument(file), isReal: true }));
  const made = mixDocuments(KINDS_OF_DOCUMENTS, SEED)
    .filter(({ error }) => error === undefined)
    .map(({ name, bytes }): SampleFile => ({ name, bytes, isReal: false }));
  const byFormat = Map.groupBy(real, formatOf);
  for (const file of made) if (!byFormat.has(formatOf(file))) byFormat.set(formatOf(file), [file]);
  return [...byFormat].map(([format, files]) => ({ format, files })).sort((a, b) => a.format.localeCompare(b.format));
}

export const formatOf = ({ name }: { name: string }): string => name.split('.').at(-1) ?? '';
