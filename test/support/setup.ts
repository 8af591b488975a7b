import { applyD1Migrations } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterAll, expect } from 'vitest';
import { tableScans } from './query-plans.ts';
import { clashingColumns } from './result-columns.ts';
import { recordStatements } from './statement-recorder.ts';

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);

// Every statement that the file's stories made the API send to D1 must find its rows by an index and name its columns.
const recorded = recordStatements(env);

afterAll(async () => {
  expect(await tableScans(recorded), 'statements that read a whole table').toEqual([]);
  expect(await clashingColumns(recorded), 'statements with two columns of one name').toEqual([]);
});
