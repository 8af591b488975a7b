import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { anyParameters, tableScans } from './support/query-plans.ts';
import { clashingColumns } from './support/result-columns.ts';
import { recordStatements, unrecorded } from './support/statement-recorder.ts';

const database = unrecorded(env.DB);
const judge = (sql: string) => tableScans({ database, statements: new Set([sql]) });

describe('the check that every statement finds its rows by an index', () => {
  it.each([
    ['a table without a condition', 'select name, colour from tags', 'reads all of tags'],
    ['under another name', 'select t.colour from tags t where t.colour = ?', 'reads all of tags'],
    ['through an index that covers the query', 'select name_key from tags', 'reads all of tags_owner_name_key of tags'],
    ['through an index in its order', 'select * from tags order by owner_id, created_at limit 1', 'tags_owner_created'],
    ['backwards', 'select * from tags order by owner_id desc, created_at desc', 'tags_owner_created'],
    ['in order to count', 'select count(*) from tags', 'reads all of'],
    ['inside a subquery', 'select id from users where id = ? and exists (select 1 from tags where colour = ?)', 'tags'],
    ['inside a recursive query', 'with recursive t(id) as (select id from tags) select id from t', 'reads all of'],
    [
      'for an automatic index',
      'select * from tags a join queries b on b.query_text = a.colour where a.id = ?',
      'queries',
    ],
    ['in an update', "update tags set colour = 'red' where colour = ?", 'reads all of tags'],
    ['in a delete', 'delete from tags where colour = ?', 'reads all of tags'],
    ['in a delete of everything', 'delete from document_tags', 'reads all of document_tags'],
    ['to insert what it finds', 'insert into tags select * from tags where colour = ?', 'reads all of tags'],
  ])('finds one that reads a whole table %s', async (_, sql, message) => {
    expect((await judge(sql)).join('\n')).toContain(message);
  });

  it('finds a foreign key without an index when its parent is deleted', async () => {
    await database.batch([
      database.prepare('create table parents (id text primary key) strict'),
      database.prepare('create table children (parent_id text references parents (id) on delete cascade) strict'),
    ]);
    try {
      expect((await judge('delete from parents where id = ?')).join('\n')).toContain('reads all of children');
      await database.prepare('create index children_parent on children (parent_id)').run();
      expect(await judge('delete from parents where id = ?')).toEqual([]);
    } finally {
      await database.batch([database.prepare('drop table children'), database.prepare('drop table parents')]);
    }
  });

  it.each([
    'select * from tags where id = ?',
    'select * from tags where owner_id = ? and created_at < ? order by created_at desc, id desc limit ?',
    'select id from tags where owner_id = ? and name_key in (select value from json_each(?))',
    'select wanted.value from json_each(?) as wanted',
    'insert into tags (id, owner_id) select value, ? from json_each(?) where true on conflict do nothing',
    'with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) select i from n',
    'delete from users where id = ?',
    'select max(created_at) as latest from tags where owner_id = ?',
    'select name from d1_migrations',
    'create table if not exists nothing (id text)',
  ])('lets through: %s', async (sql) => {
    expect(await judge(sql)).toEqual([]);
  });

  it('counts the parameters of a statement', () => {
    expect(anyParameters(`select ?, '?', "?", '''?' from t -- ?`)).toHaveLength(1);
    expect(anyParameters('select ?1, ?3, ?1')).toHaveLength(3);
    expect(anyParameters('select 1')).toHaveLength(0);
  });
});

describe('the check that columns have names of their own', () => {
  it('finds two of one name, also in a query without rows', async () => {
    const clash = 'select tags.id, users.id from tags join users on users.id = tags.owner_id where tags.id = ?';
    const fine =
      'select tags.id, users.id as user_id from tags join users on users.id = tags.owner_id where tags.id = ?';
    const found = await clashingColumns({ database, statements: new Set([clash, fine]) });
    expect(found).toEqual([`id, id: ${clash}`]);
  });
});

describe('the recorder', () => {
  it('notes statements prepared on the database and on its sessions, and leaves them working', async () => {
    const bindings = { DB: database };
    const { statements } = recordStatements(bindings);
    const session = bindings.DB.withSession('first-primary');
    const [rows] = await session.batch([session.prepare('select 1 as one')]);
    await bindings.DB.prepare('select ? as two').bind(2).run();
    expect([...statements]).toEqual(['select 1 as one', 'select ? as two']);
    expect(rows?.results).toEqual([{ one: 1 }]);
    expect(session.getBookmark()).toBeTruthy();
    expect(unrecorded(bindings.DB)).toBe(database);
  });
});
