import { licenceOf } from './licences.ts';
import type { PageFacts } from './page-facts.ts';
import { normaliseUrl } from './resource-url.ts';

const LINK = /<([^<>]{1,2000})>\s*((?:;[^,<]{0,300})*)/g;
const RELATION = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i;
const MAX_HEADER_CHARACTERS = 10_000;

/** What an answer's `Link` header (RFC 8288) says of it: files have no other place to. */
export function linkedIn(header: string, url: string): Pick<PageFacts, 'licence' | 'canonicalUrl'> {
  const links = [...header.slice(0, MAX_HEADER_CHARACTERS).matchAll(LINK)].map(([, address = '', parameters = '']) => {
    const [, quoted, plain] = RELATION.exec(parameters) ?? [];
    return { address: normaliseUrl(address, url), relations: (quoted ?? plain ?? '').toLowerCase().split(/\s+/) };
  });
  const related = (name: string) => links.find(({ relations }) => relations.includes(name))?.address;
  const [licence, canonicalUrl] = [related('license'), related('canonical')];
  return {
    ...(licence !== undefined && { licence: licenceOf(licence) ?? licence }),
    ...(canonicalUrl !== undefined && { canonicalUrl }),
  };
}
