type Cookie = { name: string; value: string; path: string; isHttpOnly: boolean; sameSite: string };

export type Page = { url: string; status: number; text: string };

const MAX_REDIRECTS = 12;

/**
 * As much of a browser as signing in needs: it keeps cookies by host and path, follows redirects, and submits forms. It
 * stops before addresses that `stopsAt` matches, as a browser does that hands them to an app.
 */
export function openBrowser() {
  const jar = new Map<string, Cookie>();

  const keep = (url: URL, response: Response) => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const [name = '', ...value] = pair.split('=');
      const attribute = (wanted: string) =>
        attributes.find((entry) => entry.toLowerCase().startsWith(`${wanted}=`))?.split('=')[1];
      const path = attribute('path') ?? '/';
      const key = [url.hostname, path, name].join(' ');
      const isGone = value.join('=') === '' || Date.parse(attribute('expires') ?? '2100-01-01') < Date.now();
      const isHttpOnly = attributes.some((entry) => entry.toLowerCase() === 'httponly');
      if (isGone) jar.delete(key);
      else jar.set(key, { name, value: value.join('='), path, isHttpOnly, sameSite: attribute('samesite') ?? '' });
    }
  };

  const cookiesFor = (url: URL) =>
    [...jar]
      .filter(([key]) => key.startsWith(`${url.hostname} `))
      .map(([, cookie]) => cookie)
      .filter(({ path }) => url.pathname === path || url.pathname.startsWith(path.replace(/\/?$/, '/')))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');

  /** One request, without following where it leads. */
  const request = async (address: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(address);
    const headers = { accept: 'text/html', cookie: cookiesFor(url), ...Object.fromEntries(new Headers(init.headers)) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    keep(url, response);
    return response;
  };

  const go = async (address: string, { init = {}, stopsAt = /^$/ }: { init?: RequestInit; stopsAt?: RegExp } = {}) => {
    let url = address;
    let next = init;
    for (let hop = 0; hop < MAX_REDIRECTS; hop++) {
      if (stopsAt.test(url)) return { url, status: 0, text: '' };
      const response = await request(url, next);
      const location = response.headers.get('location');
      if (location === null) return { url, status: response.status, text: await response.text() };
      await response.body?.cancel();
      url = new URL(location, url).href;
      next = {};
    }
    throw new Error(`More than ${MAX_REDIRECTS} redirects, the last to ${url}.`);
  };

  return { request, go, cookies: () => [...jar.values()] };
}

export type Browser = ReturnType<typeof openBrowser>;

/** Logs in at the pages of `oidc-provider` and agrees to what they ask. @returns where that leads. */
export async function consentAs(
  browser: Browser,
  name: string,
  { page, stopsAt }: { page: Page; stopsAt?: RegExp },
): Promise<Page> {
  let current = page;
  for (let step = 0; step < 3; step++) {
    const action = /<form[^>]*action="([^"]+)"/.exec(current.text)?.[1];
    const prompt = /name="prompt" value="(\w+)"/.exec(current.text)?.[1];
    if (action === undefined || prompt === undefined) return current;
    const body = new URLSearchParams({ prompt, login: name, password: 'any' });
    current = await browser.go(new URL(action.replaceAll('&amp;', '&'), current.url).href, {
      init: { method: 'POST', body },
      ...(stopsAt && { stopsAt }),
    });
  }
  return current;
}
