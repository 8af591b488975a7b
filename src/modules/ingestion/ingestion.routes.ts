import { z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { idParam, json, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentJob } from './ingestion.presenter.ts';
import { followHeaders, jobPageSchema, jobSchema, listJobsQuery } from './ingestion.schemas.ts';
import { RECONNECT_MS, versionSeen } from './job-following.ts';

const tags = ['jobs'];
const params = idParam('job');

const list = scopedRoute('jobs:read', {
  method: 'get',
  path: '/v1/jobs',
  operationId: 'listJobs',
  tags,
  summary: 'List jobs',
  request: { query: listJobsQuery },
  responses: { 200: json(jobPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const get = scopedRoute('jobs:read', {
  method: 'get',
  path: '/v1/jobs/{id}',
  operationId: 'getJob',
  tags,
  summary: 'Get a job',
  request: { params },
  responses: { 200: json(jobSchema, 'The job.'), ...problems('not_found', 'invalid_fields') },
});

const events = scopedRoute('jobs:read', {
  method: 'get',
  path: '/v1/jobs/{id}/events',
  operationId: 'followJob',
  tags,
  summary: 'Follow a job',
  description:
    'Server-sent events: `progress` with the job whenever it changed, `end` with its last state, then the stream ' +
    'closes; while nothing changes, a comment every 15 seconds. Event ids are versions of the job: a stream that breaks ' +
    'off, or that ends after five minutes, is resumed by `Last-Event-ID`. 204 for a job whose end you have seen, by which ' +
    'browsers know not to come back.',
  request: { params, headers: followHeaders },
  responses: {
    200: {
      description: 'The stream.',
      content: {
        'text/event-stream': { schema: z.string().openapi({ example: 'event: progress\nid: 3\ndata: {}\n\n' }) },
      },
    },
    204: { description: 'The job has ended, and you have seen it end.' },
    ...problems('not_found', 'invalid_fields'),
  },
});

const cancel = scopedRoute('jobs:write', {
  method: 'post',
  path: '/v1/jobs/{id}/cancel',
  operationId: 'cancelJob',
  tags,
  summary: 'Cancel a job',
  description:
    'A running job stops at its next step. It can be retried. Of a batch, whatever has not ended is cancelled.',
  request: { params },
  responses: { 200: json(jobSchema, 'The job.'), ...problems('not_found', 'conflict', 'invalid_fields') },
});

const retry = scopedRoute('jobs:write', {
  method: 'post',
  path: '/v1/jobs/{id}/retry',
  operationId: 'retryJob',
  tags,
  summary: 'Retry a failed or cancelled job',
  description:
    'It goes on from the step that failed, with fresh attempts. Of a batch, only what failed or was cancelled starts again.',
  request: { params },
  responses: { 200: json(jobSchema, 'The job.'), ...problems('not_found', 'conflict', 'invalid_fields') },
});

const reconcile = scopedRoute('jobs:write', {
  method: 'post',
  path: '/v1/maintenance/reconcile',
  operationId: 'reconcileLibrary',
  tags,
  summary: 'Check and mend your library',
  description:
    'A job compares your documents with their files and with the index, mends what differs, and removes what belongs ' +
    'to nothing. Its result counts and lists the problems; zero is the rule.',
  responses: { 202: json(jobSchema, 'The job.') },
});

/** Watching and steering the work behind documents. */
export function jobRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const page = await c.var.services.jobs.list(c.var.actor, c.req.valid('query'));
    return c.json({ items: page.items.map(presentJob), nextCursor: page.nextCursor }, 200);
  });

  app.openapi(get, async (c) =>
    c.json(presentJob(await c.var.services.jobs.get(c.var.actor, c.req.valid('param').id)), 200),
  );

  app.openapi(events, async (c) => {
    const { jobs } = c.var.services;
    const first = await jobs.get(c.var.actor, c.req.valid('param').id);
    const seenVersion = versionSeen(c.req.header('last-event-id'));
    if (jobs.isOver(first, seenVersion)) return c.body(null, 204);
    return streamSSE(c, async (stream) => {
      const isGone = () => stream.aborted;
      for await (const { type, job } of jobs.follow(c.var.actor, { first, seenVersion, isGone })) {
        const message = { event: type, id: String(job.version), retry: RECONNECT_MS };
        if (type === 'heartbeat') await stream.write(': still here\n\n');
        else await stream.writeSSE({ ...message, data: JSON.stringify(presentJob(job)) });
      }
    });
  });

  app.openapi(reconcile, async (c) =>
    c.json(presentJob(await c.var.services.jobs.start(c.var.actor, 'reconcile_library')), 202),
  );

  app.openapi(cancel, async (c) =>
    c.json(presentJob(await c.var.services.jobs.cancel(c.var.actor, c.req.valid('param').id)), 200),
  );

  app.openapi(retry, async (c) =>
    c.json(presentJob(await c.var.services.jobs.retry(c.var.actor, c.req.valid('param').id)), 200),
  );
}
