import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DocumentKind } from '../../src/modules/ingestion/extraction/extractor.ts';
import { profileToRead, proposeProfile } from '../../src/modules/ingestion/profile-proposal.ts';

const COLLECTIONS = join(
  process.env.COMMONPLACE_DATA ?? join(import.meta.dirname, '../../../shared/data'),
  'collections',
);

/** A text as the plain text reader divides it. */
const propose = (text: string, filename = 'scan 0001.txt', kind: DocumentKind = 'text') =>
  proposeProfile({
    kind,
    filename,
    blocks: text
      .trim()
      .split(/\n\s*\n/)
      .map((paragraph) => ({ type: 'paragraph', text: paragraph.trim() })),
  });
const followed = (text: string, filename?: string) =>
  profileToRead({ profile: 'general', profileChosenBy: 'rules' }, propose(text, filename));

describe('what a file is decides', () => {
  it.each<[DocumentKind, string]>([
    ['code', 'code'],
    ['csv', 'table'],
    ['xlsx', 'table'],
    ['ods', 'table'],
    ['audio', 'audio'],
    ['video', 'audio'],
    ['subtitles', 'audio'],
    ['image', 'general'],
    ['email', 'general'],
    ['epub', 'general'],
  ])('%s is read as %s', (kind, profile) => {
    expect(propose('EMPLOYMENT AGREEMENT', 'contract.txt', kind)).toMatchObject({ profile, confidence: 1 });
  });
});

const WRITINGS: [profile: string, what: string, text: string][] = [
  [
    'resume',
    'a CV',
    'Jane Doe\njane@example.com\n\nExperience\n\nEngineer, Acme\n2019 – 2022\n\nClerk, Beta\n2015 – 2019\n\nEducation\n\nM.Sc., 2014\n\nSkills\n\nRust\n\nLanguages\n\nGerman',
  ],
  [
    'resume',
    'a German one',
    'Lebenslauf\n\nJana Schmidt, 030 1234567\n\nBerufserfahrung\n\nSeit 2019 Ingenieurin bei Acme\n\n2015 – 2019 Angestellte bei Beta\n\nAusbildung\n\n2012 – 2014 Studium\n\nSprachkenntnisse\n\nDeutsch',
  ],
  [
    'resume',
    'a Chinese one',
    '简历\n\n张三 zhang@example.com\n\n教育背景\n\n2010 – 2014 北京大学\n\n工作经历\n\n2014 – 至今 某公司\n\n技能\n\n英语',
  ],
  [
    'contract',
    'a lease',
    'LEASE AGREEMENT\n\nThis Agreement is made by and between Anna Smith (the “Landlord”) and Bob Jones (the “Tenant”).\n\n1. Term\n\nThe lease lasts a year.\n\n2. Rent\n\nThe rent is due monthly.\n\n3. Notice\n\nEither party may terminate this Agreement.\n\n4. Law\n\nGoverning law is that of England.',
  ],
  [
    'contract',
    'a German lease',
    'Mietvertrag\n\nzwischen Anna Schmidt (nachfolgend „Vermieter“) und Bob Meier (nachfolgend „Mieter“)\n\n§ 1 Mietsache\n\nDie Wohnung.\n\n§ 2 Miete\n\nDer Mieter zahlt.\n\n§ 3 Kündigungsfrist\n\nDrei Monate.\n\n§ 4 Schlussbestimmungen\n\nSalvatorische Klausel, Schriftform.',
  ],
  [
    'review',
    'a performance review',
    'Annual performance review\n\nCommunication\n\nRating: 4/5\n\nClear.\n\nPlanning\n\nRating: 2/5\n\nLate.\n\nStrengths: writes well.\n\nAreas for improvement: planning.',
  ],
  [
    'policy',
    'a policy',
    'Information Security Policy\n\nPurpose\n\nThis policy describes how data are kept.\n\nScope\n\nIt applies to all.\n\nResponsibilities\n\nEmployees must lock their screens.\n\nEnforcement\n\nDisciplinary action may follow.',
  ],
  [
    'policy',
    'a German one',
    'Reisekostenrichtlinie\n\n1. Zweck\n\nDiese Richtlinie regelt Reisen.\n\n2. Geltungsbereich\n\nSie gilt für alle.\n\n3. Verantwortlichkeiten\n\nAlle Beschäftigten müssen Belege aufheben.',
  ],
  [
    'employee',
    'a personnel record',
    'Employee record\n\nEmployee ID: 4711\nName: Jane Doe\nHire date: 1 May 2019\nDepartment: Search\nJob title: Engineer\nSalary: 60,000\nManager: Ada King',
  ],
];

describe('what a writing says', () => {
  it.each(WRITINGS)('makes it a %s: %s', (profile, _what, text) => {
    const proposal = propose(text);
    expect(proposal, JSON.stringify(proposal)).toMatchObject({ profile });
    expect(followed(text)).toBe(profile);
    expect(proposal.reasons.length).toBeGreaterThanOrEqual(2);
    for (const reason of proposal.reasons) expect(reason).toMatch(/^[A-Z].*\.$/);
  });

  it.each([
    [
      'a letter about a contract',
      'Dear Bob,\n\nplease find the contract attached. Either party may sign it first.\n\nAnna',
    ],
    [
      'a job advertisement',
      'Engineer wanted\n\njobs@example.com\n\nSummary\n\nWe search.\n\nExperience\n\nFive years.\n\nEducation\n\nA degree.\n\nSkills\n\nRust.',
    ],
    ['an article on policies', 'Why policies fail\n\nMany policies have a purpose and a scope that nobody reads.'],
    ['a book review', 'Review of a novel\n\nIt is long, and it is good.'],
    ['a recipe', '1. Mix flour and water.\n\n2. Wait.\n\n3. Bake.\n\n4. Eat.'],
    [
      'a guide to agreements',
      'A guide to agreements\n\n1. Parties\n\n2. Term\n\n3. Governing law\n\n4. Severability, waiver, force majeure, limitation of liability, entire agreement, indemnification',
    ],
    ['a biography', 'Ada King\n\nShe worked with Babbage from 1833 to 1852. Her education was private.'],
  ])('leaves %s general', (_what, text) => {
    expect(followed(text)).toBe('general');
  });

  it('counts the name of the file as one sign, never as proof', () => {
    const prose = 'Some words about something else, and then some more of them.';
    for (const name of ['CV Jane Doe.pdf', 'Mietvertrag.docx', 'employee_list.txt', 'travel-policy.md', 'survey.txt'])
      expect(followed(prose, name)).toBe('general');
    expect(propose(WRITINGS[0]?.[2] ?? '', 'Jane_Doe-CV.txt').confidence).toBeGreaterThan(
      propose(WRITINGS[0]?.[2] ?? '').confidence,
    );
  });

  it('never overrides what a user chose', () => {
    const proposal = propose(WRITINGS[0]?.[2] ?? '');
    expect(profileToRead({ profile: 'policy', profileChosenBy: 'user' }, proposal)).toBe('policy');
    expect(profileToRead({ profile: 'general', profileChosenBy: 'user' }, proposal)).toBe('general');
  });

  it.each([
    ' ',
    'a ',
    '1. ',
    'zwischen und ',
    'between ',
    '(the “',
    '2019 – ',
    'Q: ',
    '\n\nScope',
    'Employee ID:\t',
    '“a” ',
    'x@',
  ])('takes any number of %j in bounded time', (piece) => {
    const startedAt = performance.now();
    propose(`a${piece.repeat(200_000)}`);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});

describe.skipIf(!existsSync(COLLECTIONS))('abstracts and articles', () => {
  it.each(['cisi', 'xquad-de', 'xquad-zh'])('of %s are nothing in particular', (collection) => {
    const lines = readFileSync(join(COLLECTIONS, collection, 'corpus.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const texts = lines.slice(0, 200).map((line) => {
      const { title = '', text }: { title?: string; text: string } = JSON.parse(line);
      return `${title}\n\n${text}`;
    });
    expect(texts.filter((text) => followed(text) !== 'general')).toEqual([]);
  });
});
