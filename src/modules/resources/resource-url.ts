/** Parameters that tell a site where a visitor came from; the page is the same without them. */
const TRACKING = new Set(
  (
    'fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid twclid ttclid igshid igsh li_fat_id mc_cid mc_eid _hsenc _hsmi ' +
    '__hssc __hstc __hsfp hsctatracking mkt_tok vero_id vero_conv oly_anon_id oly_enc_id _openstat wickedid rb_clickid ' +
    's_cid s_kwcid ef_id epik irclickid _branch_match_id _branch_referrer cmpid ito ncid sr_share soc_src soc_trk srsltid ' +
    'mibextid ref_src ref_url guccounter guce_referrer guce_referrer_sig _ga _gl _ke trk_contact trk_msg trk_module trk_sid'
  ).split(' '),
);
const TRACKING_FAMILY = /^(utm|pk|mtm|matomo|piwik|hsa|itm|at_(campaign|medium|custom)|ga)_/;

const isTracking = (name: string) => TRACKING.has(name.toLowerCase()) || TRACKING_FAMILY.test(name.toLowerCase());

/**
 * The address in the form by which it is known: as a browser writes it, without what is only for the browser (the
 * fragment) and what only says where somebody came from. Undefined for what is no address of the web.
 */
export function normaliseUrl(text: string, base?: string): string | undefined {
  if (!text.isWellFormed() || !URL.canParse(text.trim(), base)) return undefined;
  const url = new URL(text.trim(), base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  url.hash = '';
  url.hostname = url.hostname.replace(/\.$/, '');
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !isTracking(nameOf(pair)));
  // Not by URLSearchParams, which would write what it keeps in another way than the site does.
  // A query may begin with a question mark of its own.
  url.search = kept.length === 0 ? '' : `?${kept.join('&')}`;
  return url.href;
}

const nameOf = (pair: string): string => {
  const name = pair.split('=', 1)[0] ?? '';
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
};

/** The host by which requests keep their distance. */
export const hostOf = (url: string): string => new URL(url).host;

const EXTENSIONS: Record<string, string> = {
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'application/pdf': 'pdf',
  'text/plain': 'txt',
  'text/markdown': 'md',
  'application/json': 'json',
};

/** A name for the file that is there: what the server calls it, else the end of its path, else its host. */
export function filenameOf(
  url: string,
  { mediaType, disposition }: { mediaType: string; disposition: string },
): string {
  const given = namedIn(disposition);
  if (given !== undefined) return given;
  const { pathname, hostname } = new URL(url);
  const last = decoded(pathname.split('/').filter(Boolean).at(-1) ?? '') || hostname;
  const extension = EXTENSIONS[mediaType.split(';')[0]?.trim().toLowerCase() ?? ''];
  if (extension === undefined) return last;
  const known = /\.([a-z\d]{1,8})$/i.exec(last)?.[1]?.toLowerCase();
  return known === extension || (extension === 'html' && known === 'htm') ? last : `${last}.${extension}`;
}

function namedIn(disposition: string): string | undefined {
  const extended = /filename\*\s*=\s*utf-8'[^']*'([^;\s]{1,1000})/i.exec(disposition)?.[1];
  const plain = /filename\s*=\s*(?:"([^"]{1,500})"|([^;\s]{1,500}))/i.exec(disposition);
  return (extended && decoded(extended)) || plain?.[1] || plain?.[2] || undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
