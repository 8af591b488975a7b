import type { Context } from 'hono';
import { AppError } from '../shared/app-error.ts';
import type { AppContext } from './context.ts';
import { renderError } from './errors.ts';
import type { Router } from './openapi.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What no route takes: 405 with `Allow` where the path has other methods (RFC 9110, 15.5.6), else 404. */
export const renderUnrouted = (app: Router) => (c: Context<AppContext>) => {
  const methods = methodsOf(app, c.req.path);
  if (methods.length === 0) return renderError(new AppError('not_found', 'There is no such path.'), c);
  const allowed = methods.join(', ');
  c.header('allow', allowed);
  return renderError(new AppError('method_not_allowed', `This path takes ${allowed}.`), c);
};

/** Asked of the router itself, so that it is what would have been routed. HEAD is answered wherever GET is. */
function methodsOf({ router }: Router, path: string): string[] {
  const takes = (method: string) => router.match(method, path)[0].some(([[, route]]) => route.method === method);
  return METHODS.filter(takes).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}
