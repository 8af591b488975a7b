import type { FilterValue } from '../../shared/filter-tree.ts';
import { MAX_FILTER_TEXT, tidy } from '../../shared/read-filter.ts';
import type { Document } from './library.table.ts';

/** Values by which one document can be found; of more, the first ones. */
export const MAX_OWN_VALUES = 500;
export const MAX_EXTRACTED_VALUES = 200;
const MAX_NAME_CHARACTERS = 200;

/** Names of attributes: `metadata.author`, and for what a file says about itself `extractedMetadata.author`. */
export const METADATA = 'metadata';
export const EXTRACTED_METADATA = 'extractedMetadata';

type Attribute = [name: string, value: FilterValue];

/** Metadata as the index takes them: each value under its path, those of a list side by side. */
export function attributesOf({ metadata, extractedMetadata }: Pick<Document, 'metadata' | 'extractedMetadata'>) {
  return [
    ...firstOf(valuesIn(metadata, METADATA), MAX_OWN_VALUES),
    ...firstOf(valuesIn(extractedMetadata, EXTRACTED_METADATA), MAX_EXTRACTED_VALUES),
  ];
}

function* valuesIn(value: unknown, name: string): Generator<Attribute> {
  if (name.length > MAX_NAME_CHARACTERS || value === null) return;
  if (Array.isArray(value)) for (const item of value) yield* valuesIn(item, name);
  else if (typeof value === 'object')
    for (const [key, inner] of Object.entries(value)) yield* valuesIn(inner, `${name}.${tidy(key)}`);
  // One character more than anything that it is compared with: as much as decides which of both comes first.
  else if (typeof value === 'string') yield [name, tidy(value.slice(0, MAX_FILTER_TEXT + 1))];
  else if (typeof value === 'number' || typeof value === 'boolean') yield [name, value];
}

function firstOf(attributes: Iterable<Attribute>, most: number): Attribute[] {
  const first: Attribute[] = [];
  for (const attribute of attributes) if (first.push(attribute) >= most) break;
  return first;
}
