import { sql } from 'drizzle-orm';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { expect, it } from 'vitest';
import { flatRowMapper } from '../../src/db/row-mapping.ts';

const things = sqliteTable('things', {
  id: text('id'),
  isOpen: integer('is_open', { mode: 'boolean' }),
  details: text('details', { mode: 'json' }),
});

it('gives each field of a row what its column, or its expression, makes of it', () => {
  const toMap = flatRowMapper([
    { path: ['id'], field: things.id },
    { path: ['isOpen'], field: things.isOpen },
    { path: ['details'], field: things.details },
    { path: ['total'], field: sql<number>`count(*)` },
    { path: ['upper'], field: sql`upper(id)`.mapWith((value: string) => value.toUpperCase()) },
    { path: ['named'], field: sql`1`.mapWith(Boolean).as('named') },
  ]);
  const rows = [
    ['a', 1, '{"deep":[1]}', 3, 'x', 0],
    ['b', 0, null, 0, null, null],
  ];
  expect(toMap?.(rows)).toEqual([
    { id: 'a', isOpen: true, details: { deep: [1] }, total: 3, upper: 'X', named: false },
    { id: 'b', isOpen: false, details: null, total: 0, upper: null, named: null },
  ]);
});

it('leaves fields within others to Drizzle', () => {
  expect(flatRowMapper([{ path: ['thing', 'id'], field: things.id }])).toBeUndefined();
});
