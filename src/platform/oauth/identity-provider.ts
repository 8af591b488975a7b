import { z } from 'zod';

/** What only we know of a question, until it is answered. */
export const questionSecrets = z.object({ codeVerifier: z.string(), nonce: z.string() });

export type QuestionSecrets = z.output<typeof questionSecrets>;

/** A provider's tokens, as they are kept. */
export const providerTokens = z.object({
  accessToken: z.string(),
  refreshToken: z.string().optional(),
  idToken: z.string().optional(),
});

export type ProviderTokens = z.output<typeof providerTokens>;

/** Tokens as they were issued: `expiresAt` is the access token's, in milliseconds since the epoch. */
export type IssuedTokens = ProviderTokens & { expiresAt: number | null; scope: string | null };

/** Who somebody is to a provider. */
export type Person = {
  /** Names them for ever at this provider. */
  accountId: string;
  /** A well-formed address, if the provider told one. */
  email: string | undefined;
  /** Whether the provider says that the address is theirs. */
  isEmailVerified: boolean;
  /** What they are called there, as the provider wrote it. */
  username: string | undefined;
  fullName: string | undefined;
};

export type Redemption = {
  code: string;
  secrets: QuestionSecrets;
  redirectUri: string;
  /** Who the answer says that it is from (RFC 9207). */
  issuer?: string | undefined;
};

/** The port to somebody elsewhere who knows people: OAuth 2 by authorization code with PKCE. */
export type IdentityProvider = {
  id: string;
  /** For people. */
  name: string;
  /** Where a person is asked, and what to keep until the answer. */
  ask(question: { state: string; redirectUri: string }): Promise<{ url: string; secrets: QuestionSecrets }>;
  /** Turns an answer into who gave it. @throws ProviderError */
  redeem(answer: Redemption): Promise<{ person: Person; tokens: IssuedTokens }>;
  /** New tokens for old. What the provider did not renew is absent. @throws ProviderError */
  refresh(refreshToken: string): Promise<IssuedTokens>;
};

/** `refused`: it says no to this answer; `unavailable`: it may say yes later; `misconfigured`: the operator must act. */
export type ProviderFailure = 'refused' | 'unavailable' | 'misconfigured';

/** A provider that did not do what it was asked. Its message holds neither tokens nor people. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly failure: ProviderFailure;

  constructor(failure: ProviderFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}
