import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { attributesOf, MAX_OWN_VALUES } from '../src/modules/library/document-attributes.ts';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { tick } from './support/cron.ts';
import { aDocument, indexOf } from './support/indexed-documents.ts';
import { uploaded } from './support/library.ts';

it('tells indexes what they could not filter by when they were told of a document', async () => {
  const { token, user } = await newUser();
  const fields = { metadata: '{"author":"Ada"}', tags: 'Kept' };
  const { document } = await uploaded({ token, content: 'A heron.', filename: 'a.txt', fields });
  const ask = async (filter: Record<string, unknown>) =>
    (await call('/v1/search', { token, body: { q: 'heron', filter } })).body.items.length;
  expect(await ask({ 'metadata.author': 'Ada', sizeBytes: 8 })).toBe(1);

  // As an index knows a document that it was told of before.
  const old = { ...aDocument(document.id), kind: 'text', profile: 'general', language: null };
  await indexOf(user.id).updateDocument(old);
  await env.DB.prepare('update documents set unsent_attributes = 1 where id = ?').bind(document.id).run();
  expect(await ask({ 'metadata.author': 'Ada' })).toBe(0);

  await tick();
  expect(await ask({ 'metadata.author': 'Ada', sizeBytes: 8, tag: 'Kept' })).toBe(1);
  const row = await env.DB.prepare('select unsent_attributes as unsent from documents where id = ?')
    .bind(document.id)
    .first();
  expect(row).toEqual({ unsent: 0 });
});

it('takes metadata apart by path, up to a bound', () => {
  const metadata = { author: 'A\0b\ud800', deep: { list: [1, [true, null], { x: 'y' }] }, long: 'é'.repeat(2_000) };
  expect(attributesOf({ metadata, extractedMetadata: { pages: 3 } })).toEqual([
    ['metadata.author', 'A b\ufffd'],
    ['metadata.deep.list', 1],
    ['metadata.deep.list', true],
    ['metadata.deep.list.x', 'y'],
    ['metadata.long', 'é'.repeat(501)],
    ['extractedMetadata.pages', 3],
  ]);
  const many = { metadata: { list: Array.from({ length: 5_000 }, (_, i) => i) }, extractedMetadata: { last: 1 } };
  expect(attributesOf(many).length).toBe(MAX_OWN_VALUES + 1);
});
