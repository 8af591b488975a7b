import { env } from 'cloudflare:workers';
import { call } from './app.ts';

export const LEASE = `# Lease for the flat

## Rent

The rent of 900 crowns is due on the third working day of each month.

## Notice

Either side may end the lease with a notice period of three months.
`;

export const RECIPE = `# Bread

Mix flour, water and salt. Let the dough rest for eighteen hours, then bake it in a hot iron pot.
`;

/** Distinct filler, so that documents of any length can be made. */
export const longText = (paragraphs: number) =>
  Array.from({ length: paragraphs }, (_, i) =>
    `Paragraph number${i} tells of topic${i % 7} at some length, again and again. `.repeat(6),
  ).join('\n\n');

/** One search. */
export const search = (token: string, query: string) => call(`/v1/search?${query}`, { token });

/** Keys of the document's objects in the archive. */
export const objectsOf = async (documentId: string) => {
  const listed = await env.FILES.list();
  return listed.objects.map((object) => object.key).filter((key) => key.includes(documentId));
};
