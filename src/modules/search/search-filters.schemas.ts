import { z } from '@hono/zod-openapi';
import { FACETS, SORTS } from '../../index-object/index.types.ts';
import { boundedJson } from '../../shared/bounded-json.ts';
import { MAX_FILTER_CONDITIONS, MAX_FILTER_DEPTH, MAX_FILTER_VALUES } from '../../shared/read-filter.ts';
import { PROFILES } from '../ingestion/chunking.ts';
import { DOCUMENT_STATUSES } from '../library/library-filters.ts';
import { MAX_CURSOR_CHARACTERS } from './search-cursor.ts';
import { readSearchFilter, type WrittenFilter } from './search-filters.ts';

const MAX_LISTED = 50;
const MAX_FILTER_CHARACTERS = 6_000;

const moment = z.iso.datetime({ offset: true });
const tagName = z.string().min(1).max(100);
const many = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(MAX_LISTED);

const items = {
  collectionId: z.uuid(),
  tag: tagName,
  kind: z.string().min(1).max(40),
  profile: z.enum(PROFILES),
  language: z.string().min(2).max(8),
  status: z.enum(DOCUMENT_STATUSES),
  documentId: z.uuid(),
  facet: z.enum(FACETS),
};

const DESCRIPTIONS = {
  collectionId: 'Only in one of these collections, or of those below them.',
  tag: 'Only with one of these tags.',
  allTags: 'Only with all of these tags.',
  noTags: 'Only with none of these tags.',
  kind: 'Only of one of these kinds, e.g. `pdf`.',
  profile: 'Only read as one of these.',
  language: 'Only in one of these languages, e.g. `en`.',
  status:
    'Only documents in one of these states. What is found is `ready`, or is being read anew and found by what it said ' +
    'before (`pending`, `processing`).',
  documentId: 'Only in these documents.',
  facets:
    'Count the matching documents by these, most frequent values first, at most 20 each. A facet counts under all ' +
    'filters but those on itself. By words, all documents with a matching passage are counted; by meaning or both, ' +
    'those of the best 400 passages of each side.',
  sort:
    'Other than by relevance, each document comes once, with its best passage: all that match by words, and by meaning ' +
    'or both those of the best 400 passages of each side.',
  order: 'For other sorts than by relevance. Default: newest first, and titles from A to Z.',
};

const times = {
  from: moment.openapi({ description: 'Only documents created at or after.' }),
  to: moment.openapi({ description: 'Only documents created at or before.' }),
  updatedFrom: moment.openapi({ description: 'Only documents changed at or after.' }),
  updatedTo: moment.openapi({ description: 'Only documents changed at or before.' }),
};

const size = (schema: z.ZodCoercedNumber | z.ZodNumber, least: string) =>
  schema
    .int()
    .min(0)
    .openapi({ description: `Only documents whose file has at ${least} so many bytes.` });

/** One value or a list of them. */
const inBody = <T extends z.ZodType>(item: T, description: string) =>
  z
    .union([item, many(item)])
    .transform((given) => [given].flat() as z.output<T>[])
    .openapi({ description });

type QueryList = { description: string /** Whether commas part values. */; hasCommas?: boolean };

/** A parameter that may be repeated. */
function inQuery<T extends z.ZodType<unknown, string>>(item: T, { description, hasCommas = true }: QueryList) {
  const split = (text: string) => (hasCommas ? text.split(',').map((part) => part.trim()) : [text]);
  return z
    .union([z.string().max(MAX_FILTER_CHARACTERS), z.array(z.string().max(MAX_FILTER_CHARACTERS)).max(MAX_LISTED)])
    .transform((given) => [given].flat().flatMap(split))
    .pipe(many(item))
    .openapi({
      type: 'array',
      items: { type: 'string' },
      param: { style: 'form', explode: true },
      description: `${description} ${hasCommas ? 'Several: repeated, or separated by commas.' : 'Several: repeated.'}`,
    });
}

const filter = boundedJson.transform((written, context): WrittenFilter => {
  const reading = readSearchFilter(written);
  if (reading.ok) return { written, tree: reading.tree };
  const { path, message } = reading.error;
  context.addIssue({ code: 'custom', message, path: path === '' ? [] : path.split('.') });
  return z.NEVER;
});

const FILTER_DESCRIPTION =
  'Conditions on `collectionId`, `tag`, `kind`, `profile`, `language`, `status`, `documentId`, `createdAt`, `updatedAt`, ' +
  '`sizeBytes`, `metadata.PATH` and `extractedMetadata.PATH` (what the file says about itself), by `$eq` (or the bare ' +
  'value), `$ne`, `$in`, `$nin`, `$gt`, `$gte`, `$lt`, `$lte`, and `$exists` for metadata and `language`; put together by ' +
  '`$and`, `$or` and `$not`. What stands side by side must all hold. Lists in metadata have many values: a condition holds ' +
  'when one of them meets it, and `$ne` and `$nin` when none does. Values are compared as they are: texts with capitals ' +
  'and accents, numbers with numbers only; texts are in the order of their characters, so that ISO dates are in order. At ' +
  `most ${MAX_FILTER_DEPTH} levels, ${MAX_FILTER_CONDITIONS} conditions and ${MAX_FILTER_VALUES} values.`;

const EXAMPLE = { kind: { $in: ['pdf', 'docx'] }, $or: [{ tag: 'Important' }, { 'metadata.year': { $gte: 2020 } }] };

const filterInQuery = z
  .string()
  .max(MAX_FILTER_CHARACTERS)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'It is not valid JSON.' });
      return z.NEVER;
    }
  })
  .pipe(filter)
  .openapi({ type: 'string', description: `JSON. ${FILTER_DESCRIPTION}`, example: JSON.stringify(EXAMPLE) });

const ordering = {
  sort: z.enum(SORTS).default('relevance').openapi({ description: DESCRIPTIONS.sort }),
  order: z.enum(['asc', 'desc']).optional().openapi({ description: DESCRIPTIONS.order }),
  cursor: z
    .string()
    .max(MAX_CURSOR_CHARACTERS)
    .optional()
    .openapi({
      description:
        'nextCursor of the page before; everything else must stay the same. While documents come, change and go, pages ' +
        'neither repeat nor skip any that were there at the first page; those that came later are left to the next search.',
    }),
};

const optional = <T extends Record<string, z.ZodType>>(shape: T) => z.object(shape).partial().shape;

/** Filters, facets and order as parameters of a query. */
export const filterParameters = {
  ...optional({
    collectionId: inQuery(items.collectionId, { description: DESCRIPTIONS.collectionId }),
    tag: inQuery(items.tag, { description: DESCRIPTIONS.tag, hasCommas: false }),
    allTags: inQuery(items.tag, { description: DESCRIPTIONS.allTags, hasCommas: false }),
    noTags: inQuery(items.tag, { description: DESCRIPTIONS.noTags, hasCommas: false }),
    kind: inQuery(items.kind, { description: DESCRIPTIONS.kind }),
    profile: inQuery(items.profile, { description: DESCRIPTIONS.profile }),
    language: inQuery(items.language, { description: DESCRIPTIONS.language }),
    status: inQuery(items.status, { description: DESCRIPTIONS.status }),
    documentId: inQuery(items.documentId, { description: DESCRIPTIONS.documentId }),
    ...times,
    minSizeBytes: size(z.coerce.number(), 'least'),
    maxSizeBytes: size(z.coerce.number(), 'most'),
    filter: filterInQuery,
    facets: inQuery(items.facet, { description: DESCRIPTIONS.facets }),
  }),
  ...ordering,
};

/** The same as fields of a body. */
export const filterFields = {
  ...optional({
    collectionId: inBody(items.collectionId, DESCRIPTIONS.collectionId),
    tag: inBody(items.tag, DESCRIPTIONS.tag),
    allTags: inBody(items.tag, DESCRIPTIONS.allTags),
    noTags: inBody(items.tag, DESCRIPTIONS.noTags),
    kind: inBody(items.kind, DESCRIPTIONS.kind),
    profile: inBody(items.profile, DESCRIPTIONS.profile),
    language: inBody(items.language, DESCRIPTIONS.language),
    status: inBody(items.status, DESCRIPTIONS.status),
    documentId: inBody(items.documentId, DESCRIPTIONS.documentId),
    ...times,
    minSizeBytes: size(z.number(), 'least'),
    maxSizeBytes: size(z.number(), 'most'),
    filter: filter.openapi({ type: 'object', description: FILTER_DESCRIPTION, example: EXAMPLE }),
    facets: inBody(items.facet, DESCRIPTIONS.facets),
  }),
  ...ordering,
};

const facetValues = z.array(
  z.object({
    value: z
      .string()
      .openapi({ description: 'As filters take it: the name of a tag, the id of a collection, a year.' }),
    name: z.string().optional().openapi({ description: 'Of a collection.' }),
    count: z.number().int().openapi({ description: 'Documents that have it; in a collection, those directly in it.' }),
  }),
);

export const facetsSchema = z
  .object(Object.fromEntries(FACETS.map((facet) => [facet, facetValues])))
  .partial()
  .openapi('SearchFacets');
