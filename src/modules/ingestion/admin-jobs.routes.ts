import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentAdminJob, presentDeadLetter } from './admin-jobs.presenter.ts';
import {
  adminJobPageSchema,
  adminJobSchema,
  deadLetterPageSchema,
  listAllJobsQuery,
  listDeadLettersQuery,
  retriedJobsSchema,
  retryJobsBody,
} from './admin-jobs.schemas.ts';

const tags = ['admin'];
const letterParams = idParam('dead letter');

const list = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/jobs',
  operationId: 'listAllJobs',
  tags,
  summary: 'List everybody’s jobs',
  description:
    'All filters must hold. Those that failed for good are `status=failed`; those of them that were tried again and again ' +
    'for reasons that may pass have the error code `attempts_exhausted`. What the jobs are about is their owners’ business.',
  request: { query: listAllJobsQuery },
  responses: { 200: json(adminJobPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const retryMany = scopedRoute('admin', {
  method: 'post',
  path: '/v1/admin/jobs/retry',
  operationId: 'retryJobs',
  tags,
  summary: 'Retry failed jobs',
  description:
    'Those that match, the oldest first, 500 at most: each goes on from the step that failed, with fresh attempts, when ' +
    'its owner’s turn comes.',
  request: { body: jsonBody(retryJobsBody) },
  responses: {
    200: json(retriedJobsSchema, 'How many.'),
    ...problems('malformed', 'too_large', 'invalid_fields'),
  },
});

const retry = scopedRoute('admin', {
  method: 'post',
  path: '/v1/admin/jobs/{id}/retry',
  operationId: 'retryAnyJob',
  tags,
  summary: 'Retry a failed job',
  description: 'It goes on from the step that failed, with fresh attempts. What its owner cancelled stays cancelled.',
  request: { params: idParam('job') },
  responses: { 200: json(adminJobSchema, 'The job.'), ...problems('not_found', 'conflict', 'invalid_fields') },
});

const listLetters = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/jobs/dead-letters',
  operationId: 'listDeadLetters',
  tags,
  summary: 'List dead letters',
  description:
    'Messages of the queue that came to nothing, which are kept for 30 days. No work is lost with them: a message only ' +
    'wakes a job, and a job that nobody woke is found within a minute.',
  request: { query: listDeadLettersQuery },
  responses: { 200: json(deadLetterPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const replayLetter = scopedRoute('admin', {
  method: 'post',
  path: '/v1/admin/jobs/dead-letters/{id}/replay',
  operationId: 'replayDeadLetter',
  tags,
  summary: 'Send a dead letter again',
  description: 'It leaves the list. 409 `letter_not_readable` if this version of the service cannot read it either.',
  request: { params: letterParams },
  responses: {
    204: { description: 'It is in the queue.' },
    ...problems('not_found', 'conflict', 'invalid_fields'),
  },
});

const discardLetter = scopedRoute('admin', {
  method: 'delete',
  path: '/v1/admin/jobs/dead-letters/{id}',
  operationId: 'discardDeadLetter',
  tags,
  summary: 'Throw a dead letter away',
  request: { params: letterParams },
  responses: { 204: { description: 'It is gone.' }, ...problems('not_found', 'invalid_fields') },
});

/** Everybody’s jobs, and messages that came to nothing. */
export function adminJobRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const { items, nextCursor } = await c.var.services.adminJobs.list(c.req.valid('query'));
    return c.json({ items: items.map(presentAdminJob), nextCursor }, 200);
  });

  app.openapi(listLetters, async (c) => {
    const { items, nextCursor } = await c.var.services.deadLetters.list(c.req.valid('query'));
    return c.json({ items: items.map(presentDeadLetter), nextCursor }, 200);
  });

  app.openapi(replayLetter, async (c) => {
    await c.var.services.deadLetters.replay(c.var.actor, c.req.valid('param').id);
    return c.body(null, 204);
  });

  app.openapi(discardLetter, async (c) => {
    await c.var.services.deadLetters.discard(c.var.actor, c.req.valid('param').id);
    return c.body(null, 204);
  });

  app.openapi(retryMany, async (c) =>
    c.json(await c.var.services.adminJobs.retryMany(c.var.actor, c.req.valid('json')), 200),
  );

  app.openapi(retry, async (c) =>
    c.json(presentAdminJob(await c.var.services.adminJobs.retry(c.var.actor, c.req.valid('param').id)), 200),
  );
}
