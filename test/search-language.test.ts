import { beforeAll, describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { jobEnd, uploaded } from './support/library.ts';

let token: string;
const ids = new Map<string, string>();

beforeAll(async () => {
  ({ token } = await newUser());
  const files = {
    lease: ['# Lease\n\nThe notice period is three months. Rent is due monthly.', 'Important, Home'],
    draft: ['# Draft lease\n\nThe notice period is one month.', 'Draft'],
    bread: ['# Bread\n\nFlour, water, salt: rest for three hours.', 'Meeting Notes'],
  };
  for (const [name, [content = '', tags = '']] of Object.entries(files)) {
    const fields = { tags: JSON.stringify(tags.split(', ')) };
    const { document } = await uploaded({ token, content, filename: `${name}.md`, fields });
    ids.set(name, document.id);
  }
});

const search = (query: string, rest = 'mode=keyword') =>
  call(`/v1/search?q=${encodeURIComponent(query)}&${rest}`, { token });
const found = async (query: string, rest?: string): Promise<string[]> => {
  const { status, body } = await search(query, rest);
  expect(status).toBe(200);
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  return body.items.map((item: { documentId: string }) => names.get(item.documentId)).sort();
};
const today = () => new Date().toISOString().slice(0, 10);

describe('searching by operators', () => {
  it('filters by what stands in the query, as the parameters do', async () => {
    expect(await found('notice')).toEqual(['draft', 'lease']);
    expect(await found('notice tag:important')).toEqual(['lease']);
    expect(await found('notice -tag:Draft')).toEqual(['lease']);
    expect(await found('three tag:HOME OR tag:"meeting  notes"')).toEqual(['bread', 'lease']);
    expect(await found('notice tag:home', 'mode=keyword&tag=draft')).toEqual([]);
    expect(await found('notice tag:nosuchtag')).toEqual([]);
    expect(await found('notice -tag:nosuchtag kind:markdown')).toEqual(['draft', 'lease']);
    expect(await found('notice kind:pdf')).toEqual([]);
    expect(await found('notice -kind:markdown', 'mode=hybrid')).toEqual([]);
    expect(await found(`notice after:${today().slice(0, 4)} before:2999-12`)).toEqual(['draft', 'lease']);
    expect(await found('notice before:2020')).toEqual([]);
    expect(await found(`notice after:${today()} -before:2020-02-01`)).toEqual(['draft', 'lease']);
  });

  it('takes one round trip with tags in the query, and none without', async () => {
    expect(roundTrips(await search('notice -draft "three months"'))).toBe(0);
    expect(roundTrips(await search('notice tag:home -tag:draft', 'mode=hybrid&tag=important'))).toBe(1);
  });

  it('explains what it has understood', async () => {
    const query = 'notice "three months" rent OR deposit -draft tag:home before:2999 "open';
    const { body } = await search(query, 'mode=keyword&explain=true');
    expect(body.explain.understood).toEqual({
      all: ['notice', '"three months"', '"open'],
      any: [['rent', 'deposit']],
      not: ['draft'],
      filters: ['tag:home', 'before:2999-01-01'],
    });
    expect(body.items.map(({ documentId }: { documentId: string }) => documentId)).toEqual([ids.get('lease')]);
    expect((await search('notice')).body.explain).toBeUndefined();
  });

  it('says so when there is nothing to look for', async () => {
    const { body } = await search('tag:home -draft', 'mode=hybrid');
    expect([body.items, body.notices]).toEqual([[], ['no_words']]);
  });
});

describe('names of tags', () => {
  it('are searched with the text, and a rename or a removal is seen by the next search', async () => {
    expect(await found('meeting flour', 'mode=keyword&match=all')).toEqual(['bread']);
    const { body } = await call('/v1/tags?q=meeting', { token });
    const path = `/v1/tags/${body.items[0].id}`;
    const renamed = await call(path, { token, method: 'PATCH', body: { name: 'Baking' } });
    expect(roundTrips(renamed)).toBe(1);
    expect([await found('baking'), await found('meeting')]).toEqual([['bread'], []]);
    expect((await call(path, { token, method: 'DELETE' })).status).toBe(204);
    expect(await found('baking')).toEqual([]);
    const jobs = await call('/v1/jobs?type=sync_tag', { token });
    expect(jobs.body.items).toHaveLength(2);
    for (const { id, documentId } of jobs.body.items) {
      expect(documentId).toBeNull();
      expect(await jobEnd(token, id)).toMatchObject({ status: 'succeeded' });
    }
    expect(await found('baking')).toEqual([]);
  });
});
