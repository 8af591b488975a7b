/** The web port: pages and files that people name, fetched with everything checked that can be checked. */

export type WebRequest = {
  /** Of the last answer: the server may then say that nothing has changed. */
  etag?: string | null | undefined;
  lastModified?: string | null | undefined;
  /** Nobody has named it: then the site's robots.txt decides whether it is fetched. */
  isAutomatic?: boolean | undefined;
};

export type WebAnswer = {
  /** 304 when nothing has changed, else 200 to 299. */
  status: number;
  /** Where redirects have led. */
  url: string;
  /** As the server declares it; empty when it does not. */
  mediaType: string;
  /** The `Content-Disposition` and `Link` headers; empty where there are none. */
  disposition: string;
  links: string;
  etag: string | null;
  lastModified: string | null;
  /** The content as it arrives. @throws WebError when it is too large or too slow, or breaks off. */
  body: AsyncIterable<Uint8Array>;
  /** Ends the connection; the body need not have been read. */
  close(): void;
};

export type Web = {
  /** Why an address is refused, as far as can be told by looking at it; undefined when names must be looked up first. */
  refusal(address: string): string | undefined;
  /**
   * Asks for what is at an address, wherever redirects lead.
   * @throws WebError for every other answer than that it is there, or unchanged.
   */
  open(address: string, request?: WebRequest): Promise<WebAnswer>;
};

export type WebFailure =
  | 'address_refused'
  | 'fetching_off'
  | 'host_not_found'
  | 'unreachable'
  | 'timed_out'
  | 'broken_off'
  | 'too_large'
  | 'redirects'
  | 'refused_by_robots'
  | 'unsupported_answer'
  | `http_${number}`;

type WebErrorOptions = { isTransient?: boolean; retryAfterMs?: number | undefined };

/** Why something could not be fetched, in a sentence for who wants to have it. */
export class WebError extends Error {
  override readonly name = 'WebError';
  readonly failure: WebFailure;
  /** Whether trying again may help. */
  readonly isTransient: boolean;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(failure: WebFailure, message: string, { isTransient = false, retryAfterMs }: WebErrorOptions = {}) {
    super(message);
    this.failure = failure;
    this.isTransient = isTransient;
    this.retryAfterMs = retryAfterMs;
  }
}
