import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import type { TestUser } from './actors.ts';
import { type Answer, type Call, call } from './app.ts';
import { allRows } from './catalogue.ts';
import { CLIENTS, type FakePerson, type FakeProviders } from './fake-providers.ts';

export type SignedIn = {
  user: TestUser['user'] & { emailVerified: boolean };
  session: { id: string; accessToken: string };
};
export type LinkedAccount = { id: string; provider: string; email: string | null };
type Problem = { code: string; detail: string; errors?: { path: string }[] };
export type Finished = SignedIn & { linked: LinkedAccount } & Problem;

export const APP = 'https://app.example.com/signed-in?from=here';

/** An isolate of the Worker where people can sign in with GitHub and Google. */
export const isolate = (variables: Record<string, unknown> = {}): typeof env => ({
  ...env,
  ...{ ...CLIENTS, OAUTH_REDIRECT_URIS: APP, ...variables },
});

/** The cookie that an answer sets, to be sent back. */
export const cookieOf = ({ headers }: Pick<Answer, 'headers'>) => headers.get('set-cookie')?.split(';')[0] ?? '';

/** One browser at one isolate, and the person in front of it. */
export function signInBy(providers: FakeProviders, bindings: typeof env) {
  const begin = (provider: string, query: Record<string, string> = {}, options: Call = {}) =>
    call<{ url: string } & Problem>(`/v1/auth/oauth/${provider}/authorize?${new URLSearchParams(query)}`, {
      bindings,
      ...options,
      headers: { accept: 'application/json', ...options.headers },
    });

  const finish = (provider: string, answer: Record<string, string>, cookie: string) =>
    call<Finished>(`/v1/auth/oauth/${provider}/callback?${new URLSearchParams(answer)}`, {
      bindings,
      headers: { cookie },
    });

  return {
    begin,
    finish,

    /** From the beginning to the callback's answer. */
    async signIn(provider: string, person: FakePerson, query: Record<string, string> = {}) {
      const begun = await begin(provider, query);
      expect(begun.status, JSON.stringify(begun.body)).toBe(200);
      return finish(provider, providers.agree(begun.body.url, person), cookieOf(begun));
    },

    /** The same for somebody who is logged in already. */
    async link(provider: string, person: FakePerson, { token, redirectUri }: { token: string; redirectUri?: string }) {
      const begun = await call<{ url: string } & Problem>(`/v1/me/oauth-accounts/${provider}/authorize`, {
        bindings,
        token,
        body: redirectUri === undefined ? {} : { redirectUri },
      });
      expect(begun.status, JSON.stringify(begun.body)).toBe(200);
      return finish(provider, providers.agree(begun.body.url, person), cookieOf(begun));
    },
  };
}

/** What a table of the catalogue holds. */
export const rowsIn = async (name: string) =>
  (await allRows()).filter(({ table }) => table === name).map(({ row }) => row as Record<string, string | number>);

/** The account elsewhere that is stored for a user. */
export const storedAccountOf = async (userId: string | undefined) =>
  (await rowsIn('oauth_accounts')).find(({ user_id }) => user_id === userId);
