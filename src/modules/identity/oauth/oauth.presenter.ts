import type { z } from '@hono/zod-openapi';
import { isoTime } from '../../../shared/time.ts';
import { presentSignIn } from '../factors/two-factor.presenter.ts';
import type { oauthAccountSchema, outcomeSchema, providersSchema } from './oauth.schemas.ts';
import type { Outcome } from './oauth.service.ts';
import type { OauthAccount } from './oauth.table.ts';

export const presentProviders = (
  providers: readonly { id: string; name: string }[],
): z.output<typeof providersSchema> => ({ items: providers.map(({ id, name }) => ({ id, name })) });

export function presentOauthAccount(account: OauthAccount): z.output<typeof oauthAccountSchema> {
  return {
    id: account.id,
    provider: account.provider,
    email: account.email,
    scope: account.scope,
    createdAt: isoTime(account.createdAt),
    updatedAt: isoTime(account.updatedAt),
  };
}

export function presentOutcome(outcome: Exclude<Outcome, { type: 'redirect' }>): z.output<typeof outcomeSchema> {
  return outcome.type === 'linked' ? { linked: presentOauthAccount(outcome.account) } : presentSignIn(outcome.signedIn);
}
