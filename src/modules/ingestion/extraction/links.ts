/** Enough to find what a page points to, too little to weigh on its row. */
const MAX_LINKS = 100;
const MAX_URL_CHARACTERS = 500;

/** Absolute web addresses that a document points to, in order of first occurrence. */
export type LinkCollector = {
  add(url: string | null | undefined): void;
  urls(): string[];
};

/** A collector for one document; fragments, scripts and relative addresses are passed over. */
export function createLinkCollector(): LinkCollector {
  const urls = new Set<string>();
  return {
    add(url) {
      if (urls.size >= MAX_LINKS || url === null || url === undefined) return;
      if (/^https?:\/\/[^\s<>"]+$/i.test(url) && url.length <= MAX_URL_CHARACTERS) urls.add(url.toWellFormed());
    },
    urls: () => [...urls],
  };
}
