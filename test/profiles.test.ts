import { describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { type DocumentView, jobEnd, uploaded, uploadForm } from './support/library.ts';
import { search } from './support/sample-library.ts';

const CV = `# Jane Doe

jane@example.com

## Experience

### Engineer at Acme

2019 – 2022

${'She kept the zebrafish search engine running, day and night. '.repeat(4)}

### Clerk at Beta

2015 – 2019

${'She filed the quokka papers by colour, and then by weight. '.repeat(4)}

## Education

M.Sc. in Hydrology, 2014

## Skills

Sailing
`;
const NOTE = '# A note\n\nNothing in particular, but in English and about zebrafish.\n';

const chunksOf = async (token: string, { id }: DocumentView) =>
  (await call(`/v1/documents/${id}/chunks?limit=200`, { token })).body.items;

/** Changes the profile and waits until the document has been read anew. */
async function reread(token: string, { id }: DocumentView, profile: string | null): Promise<DocumentView> {
  const changed = await call(`/v1/documents/${id}`, { method: 'PATCH', token, body: { profile } });
  expect(changed).toMatchObject({ status: 200, body: { status: 'pending' } });
  const jobs = await call(`/v1/jobs?documentId=${id}&type=process_document`, { token });
  expect(await jobEnd(token, jobs.body.items[0].id)).toMatchObject({ status: 'succeeded' });
  return (await call(`/v1/documents/${id}`, { token })).body;
}

describe('the profile of a document', () => {
  it('is proposed and followed where the rules are certain, with reasons; passages are cut as it says', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: CV, filename: 'jane.md' });
    expect(document).toMatchObject({
      profile: 'resume',
      profileChosenBy: 'rules',
      profileProposal: { profile: 'resume', reasons: expect.arrayContaining([expect.stringContaining('“Education”')]) },
    });
    const { body } = await search(token, 'q=quokka&profile=resume&mode=keyword');
    expect(body.items).toMatchObject([{ headings: ['Jane Doe', 'Experience', 'Clerk at Beta'], profile: 'resume' }]);
    expect(body.items[0].snippet).not.toContain('zebrafish');
  });

  it('is general where they are not', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: NOTE, filename: 'contract.md' });
    expect(document).toMatchObject({ profile: 'general', profileChosenBy: 'rules', status: 'ready' });
    expect(document['profileProposal']).toMatchObject({
      confidence: expect.any(Number),
      reasons: [expect.any(String)],
    });
  });

  it('is the user’s if they choose, at upload or later, and the rules’ again when they leave it to them', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: CV, filename: 'a.md', fields: { profile: 'policy' } });
    expect(document).toMatchObject({
      profile: 'policy',
      profileChosenBy: 'user',
      profileProposal: { profile: 'resume' },
    });
    const asPolicy = await chunksOf(token, document);

    const general = await reread(token, document, 'general');
    expect(general).toMatchObject({ profile: 'general', profileChosenBy: 'user', status: 'ready' });
    const asGeneral = await chunksOf(token, document);
    expect(asGeneral).not.toEqual(asPolicy);
    expect(general.chunkCount).toBe(asGeneral.length);
    expect((await search(token, 'q=quokka&profile=policy')).body.items).toEqual([]);

    const byRules = await reread(token, document, null);
    expect(byRules).toMatchObject({ profile: 'resume', profileChosenBy: 'rules', status: 'ready' });
    expect((await search(token, 'q=quokka&profile=resume')).body.items[0].documentId).toBe(document.id);
  });

  it('is proposed anew for new bytes, unless the user has chosen', async () => {
    const { token } = await newUser();
    const left = await uploaded({ token, content: CV, filename: 'a.md' });
    const chosen = await uploaded({ token, content: CV, filename: 'b.md', fields: { profile: 'review' } });
    for (const [{ document }, profile] of [[left, 'general'] as const, [chosen, 'review'] as const]) {
      const body = uploadForm({ content: NOTE, filename: 'a.md' });
      const replaced = await call(`/v1/documents/${document.id}/content`, { method: 'PUT', token, body });
      await jobEnd(token, replaced.body.job.id);
      const now = await call(`/v1/documents/${document.id}`, { token });
      expect(now.body).toMatchObject({ profile, status: 'ready', profileProposal: { profile: 'general' } });
    }
  });

  it('is refused when there is none of that name, and costs a change no more than any other', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: NOTE, filename: 'a.md' });
    const path = `/v1/documents/${document.id}`;
    const refused = await call(path, { method: 'PATCH', token, body: { profile: 'poem' } });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'profile' }] } });
    const changed = await call(path, { method: 'PATCH', token, body: { profile: 'audio' } });
    expect(changed.status).toBe(200);
    expect(roundTrips(changed)).toBeLessThanOrEqual(2);
  });

  it('puts the names of columns in front of rows that stand further down', async () => {
    const { token } = await newUser();
    const rows = Array.from(
      { length: 80 },
      (_, i) => `| Ship number ${i} of the northern fleet | ${1900 + i} | ${i * 3} |`,
    );
    const content = ['# Fleet', '', '| Vessel | Built in | Tonnage |', '|---|---|---|', ...rows].join('\n');
    const { document } = await uploaded({ token, content, filename: 'fleet.md', fields: { profile: 'table' } });
    const chunks = await chunksOf(token, document);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks[0].header).toBeUndefined();
    for (const { header } of chunks.slice(1)) expect(header).toBe('Vessel\tBuilt in\tTonnage');
    const { body } = await search(token, 'q=tonnage "number 70"&mode=keyword&match=all');
    expect(body.items).toHaveLength(1);
    const [{ snippet, highlights, start, end }] = body.items;
    expect(snippet).toMatch(/^Vessel\tBuilt in\tTonnage\n/);
    const marked = highlights.map(([from, to]: [number, number]) => snippet.slice(from, to));
    expect(marked).toEqual(expect.arrayContaining(['Tonnage', '70']));
    const { body: read } = await call(`/v1/documents/${document.id}/text?start=${start}&end=${end}`, { token });
    expect(read.text).toContain('Ship number 70');
    expect(read.text).not.toContain('Tonnage');
  });
});
