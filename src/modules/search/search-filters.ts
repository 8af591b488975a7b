import type { FilterTree, FilterValue } from '../../shared/filter-tree.ts';
import { type FieldRule, type FieldRules, readFilter } from '../../shared/read-filter.ts';
import { parseTime } from '../../shared/time.ts';
import { PROFILES } from '../ingestion/chunking.ts';
import { EXTRACTED_METADATA, METADATA } from '../library/document-attributes.ts';
import { DOCUMENT_STATUSES } from '../library/library-filters.ts';

/** A filter as it was written, and what it means. */
export type WrittenFilter = { written: unknown; tree: FilterTree };

/** The filters of a search that have a parameter of their own; all of them must hold. */
export type SearchFilters = {
  collectionId?: string[] | undefined;
  tag?: string[] | undefined;
  allTags?: string[] | undefined;
  noTags?: string[] | undefined;
  kind?: string[] | undefined;
  profile?: string[] | undefined;
  language?: string[] | undefined;
  status?: string[] | undefined;
  documentId?: string[] | undefined;
  createdFrom?: number | undefined;
  createdTo?: number | undefined;
  updatedFrom?: number | undefined;
  updatedTo?: number | undefined;
  minSizeBytes?: number | undefined;
  maxSizeBytes?: number | undefined;
  filter?: WrittenFilter | undefined;
};

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

const oneField = { isOrdered: false, isOptional: false };

const text: FieldRule = {
  ...oneField,
  read: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  expects: 'It must be a text.',
};
const id: FieldRule = {
  ...oneField,
  read: (value) => (typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined),
  expects: 'It must be an id.',
};
const oneOf = (values: readonly string[]): FieldRule => ({
  ...oneField,
  read: (value) => values.find((known) => known === value),
  expects: `It must be one of ${values.join(', ')}.`,
});
const moment: FieldRule = {
  isOrdered: true,
  isOptional: false,
  read: (value) => (typeof value === 'string' && MOMENT.test(value) ? timeOf(value) : undefined),
  expects: 'It must be a date and time with its offset, as in 2026-01-31T12:00:00Z.',
};
const bytes: FieldRule = {
  isOrdered: true,
  isOptional: false,
  read: (value) => (typeof value === 'number' ? value : undefined),
  expects: 'It must be a number.',
};
const anything: FieldRule = {
  isOrdered: true,
  isOptional: true,
  read: (value) => value,
  expects: 'It must be a text, a number, true or false.',
};

const FIELDS = new Map<string, FieldRule>([
  ['collectionId', id],
  ['tag', text],
  ['kind', text],
  ['profile', oneOf(PROFILES)],
  ['language', { ...text, isOptional: true }],
  ['status', oneOf(DOCUMENT_STATUSES)],
  ['documentId', id],
  ['createdAt', moment],
  ['updatedAt', moment],
  ['sizeBytes', bytes],
]);

const rules: FieldRules = (field) =>
  field.startsWith(`${METADATA}.`) || field.startsWith(`${EXTRACTED_METADATA}.`) ? anything : FIELDS.get(field);

/** Reads a filter of a search as somebody has written it. */
export const readSearchFilter = (written: unknown) => readFilter(written, rules);

type Times = Partial<Record<'from' | 'to' | 'updatedFrom' | 'updatedTo', string | undefined>>;

/** A request as the service takes it: moments in milliseconds. */
export const toSearch = <T extends Times>({ from, to, updatedFrom, updatedTo, ...request }: T) => ({
  ...request,
  createdFrom: parseTime(from),
  createdTo: parseTime(to),
  updatedFrom: parseTime(updatedFrom),
  updatedTo: parseTime(updatedTo),
});

/** All filters of a search together, with those of its query; undefined when there is none. */
export function treeOf(filters: SearchFilters, ofQuery: FilterTree[] = []): FilterTree | undefined {
  const among = (field: string, values: FilterValue[] | undefined): FilterTree[] =>
    values === undefined ? [] : [{ field, is: 'in', values }];
  const bound = (field: string, is: 'from' | 'to', value: number | undefined): FilterTree[] =>
    value === undefined ? [] : [{ field, is, value }];
  const all = [
    ...among('collectionId', filters.collectionId),
    ...among('tag', filters.tag),
    ...(filters.allTags ?? []).flatMap((name) => among('tag', [name])),
    ...among('tag', filters.noTags).map((not): FilterTree => ({ not })),
    ...among('kind', filters.kind),
    ...among('profile', filters.profile),
    ...among('language', filters.language),
    ...among('status', filters.status),
    ...among('documentId', filters.documentId),
    ...bound('createdAt', 'from', filters.createdFrom),
    ...bound('createdAt', 'to', filters.createdTo),
    ...bound('updatedAt', 'from', filters.updatedFrom),
    ...bound('updatedAt', 'to', filters.updatedTo),
    ...bound('sizeBytes', 'from', filters.minSizeBytes),
    ...bound('sizeBytes', 'to', filters.maxSizeBytes),
    ...partsOf(filters.filter?.tree),
    ...ofQuery,
  ];
  return all.length === 0 ? undefined : { all };
}

/** What stands on its own in a filter: facets look for conditions on themselves there. */
function partsOf(tree: FilterTree | undefined): FilterTree[] {
  if (tree === undefined) return [];
  return 'all' in tree ? tree.all.flatMap(partsOf) : [tree];
}

function timeOf(value: string): number | undefined {
  const time = parseTime(value);
  return Number.isNaN(time) ? undefined : time;
}
