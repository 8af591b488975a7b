import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { freePort } from '../../scripts/server.ts';

export type OidcPerson = { email?: string; email_verified?: boolean; name?: string; preferred_username?: string };

export type OidcServer = {
  issuer: string;
  client: { clientId: string; clientSecret: string };
  /** Who can log in there, by the name that they type; any password will do. */
  people: Map<string, OidcPerson>;
  /** Lets the client come back there, and only there. */
  allow(redirectUri: string): Promise<void>;
  /** Signs with a new key from now on, and publishes no other. */
  rotateKeys(): Promise<void>;
  /** Paths that were asked for. */
  requests: string[];
  stop(): Promise<void>;
};

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A real OpenID provider on this machine, with login and consent pages. */
export async function startOidcServer(): Promise<OidcServer> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const client = { clientId: 'commonplace', clientSecret: 's3cret: with spaces & signs' };
  const people = new Map<string, OidcPerson>();
  const requests: string[] = [];
  let redirectUri = 'http://127.0.0.1:1/unset';
  let handle: Handler | undefined;

  const open = async () => {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: 'sig', alg: 'RS256' };
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: client.clientId,
          client_secret: client.clientSecret,
          redirect_uris: [redirectUri],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
        },
      ],
      jwks: { keys: [key] },
      findAccount: (_: unknown, accountId: string) => ({
        accountId,
        claims: () => ({ sub: accountId, ...people.get(accountId) }),
      }),
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
      scopes: ['openid', 'offline_access', 'email', 'profile'],
      cookies: { keys: ['a key for cookies'] },
      pkce: { required: () => true },
      features: { devInteractions: { enabled: true } },
    });
    handle = provider.callback();
  };

  const server = createServer((request, response) => {
    requests.push(new URL(request.url ?? '/', issuer).pathname);
    handle?.(request, response);
  });
  await open();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  return {
    issuer,
    client,
    people,
    requests,
    async allow(uri) {
      redirectUri = uri;
      await open();
    },
    rotateKeys: open,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
