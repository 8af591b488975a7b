import type { RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Actor, Scope } from '../../shared/actor.ts';
import { clientAddress } from '../client-address.ts';
import type { AppContext } from '../context.ts';
import { toAppError } from '../errors.ts';

type Named = Pick<RouteConfig, 'method' | 'path' | 'operationId' | 'tags'>;
/** What a path's parameter is the id of. */
type Place = { parameter: string; type: string };

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Leaves an entry in the audit log for what a route is asked to do: every write, everything on routes of administrators,
 * and every call that lacks a scope. Stands before `authorize`, so that it sees what that refuses. Calls without a valid
 * credential, and those over the request limits, are counted elsewhere and leave nothing.
 */
export const audited = (route: Named, scope?: Scope) => {
  const isOnesOwn = scope !== undefined && scope !== 'admin';
  const reads = isOnesOwn && (scope.endsWith(':read') || route.method === 'get');
  const action = actionOf(route);
  const places = placesOf(route.path);
  const isSecurity = scope === undefined || scope === 'admin' || scope.startsWith('account:');

  const watch = (c: Context<AppContext>) => {
    const [object, ...others] = places.flatMap(({ parameter, type }) => {
      const id = c.req.param(parameter) ?? '';
      return UUID.test(id) ? [{ parameter, type, id }] : [];
    });
    return c.var.services.audit.watch({
      action,
      isSecurity,
      always: scope !== undefined,
      actor: () => c.var.actor,
      address: clientAddress(c),
      userAgent: c.req.header('user-agent'),
      object,
      details: Object.fromEntries(others.map(({ parameter, id }) => [parameter, id])),
    });
  };

  return createMiddleware<AppContext>(async (c, next) => {
    if (!reads) await watch(c);
    await next();
    if (reads && c.res.status !== 403) return;
    if (reads) await watch(c);
    c.var.services.audit.end(resultOf(c));
  });
};

type Result = Parameters<AppContext['Variables']['services']['audit']['end']>[0];

/** What came of a call; undefined if it leaves no entry but one that went along with a commit. */
function resultOf(c: Context<AppContext>): Result {
  // Its first answer once more: nothing was done.
  if (c.res.headers.get('idempotency-replayed') === 'true') return undefined;
  const { status } = c.res;
  if (status < 400) return { outcome: 'succeeded', errorCode: null };
  const actor: Actor | undefined = c.var.actor;
  if (!actor && !c.error) return undefined;
  const { kind, code } = toAppError(c.error);
  if (status >= 500) return { outcome: 'failed', errorCode: code };
  // Strangers leave entries by what has a name of its own, such as a wrong password, and not by any nonsense.
  const isNoise = actor ? code === 'rate_limited' : code === kind;
  return isNoise ? undefined : { outcome: 'refused', errorCode: code };
}

/** Names of operations, those of the module `auth` as such: `auth.login`, `deleteDocument`. */
function actionOf({ operationId, path, tags }: Named): string {
  const name = operationId ?? path;
  return tags?.includes('auth') ? `auth.${name}` : name;
}

/** `/v1/collections/{id}/items/{documentId}`: a collection, and a document. */
function placesOf(path: string): Place[] {
  const segments = path.split('/');
  return segments.flatMap((segment, at) => {
    const parameter = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (parameter === undefined) return [];
    const named = parameter === 'id' ? (segments[at - 1] ?? '') : parameter.replace(/Id$/, '');
    return [{ parameter, type: singular(named).replaceAll('-', '_') }];
  });
}

const singular = (plural: string) => plural.replace(/ies$/, 'y').replace(/s$/, '');
