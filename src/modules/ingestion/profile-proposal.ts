import { z } from 'zod';
import type { LaidOut } from './chunkers/chunker.ts';
import { layoutText, PROFILES, type Profile } from './chunking.ts';
import type { Block, DocumentKind } from './extraction/extractor.ts';
import {
  contractSigns,
  type Evidence,
  employeeSigns,
  gatherEvidence,
  policySigns,
  resumeSigns,
  reviewSigns,
  type Sign,
} from './profile-signs.ts';

/** What the rules say of a document: how it should be read, how sure they are (0 to 1), and why. */
export const profileProposalSchema = z.object({
  profile: z.enum(PROFILES),
  confidence: z.number().min(0).max(1),
  reasons: z.array(z.string()),
});

export type ProfileProposal = z.output<typeof profileProposalSchema>;

/** Who chooses a document's profile. */
export const PROFILE_CHOOSERS = ['user', 'rules'] as const;

/** A document's profile as the catalogue has it. */
export type ProfileChoice = { profile: Profile; profileChosenBy: (typeof PROFILE_CHOOSERS)[number] };

/** From this on a proposal is followed without asking: no single sign reaches it. */
const CERTAIN = 0.8;
/** Below this it is not worth mentioning. */
const WORTH_SAYING = 0.3;

const BY_KIND: Partial<Record<DocumentKind, { profile: Profile; reason: string }>> = {
  code: { profile: 'code', reason: 'It is source code.' },
  csv: { profile: 'table', reason: 'It is a table.' },
  xlsx: { profile: 'table', reason: 'It is a workbook of tables.' },
  ods: { profile: 'table', reason: 'It is a workbook of tables.' },
  audio: { profile: 'audio', reason: 'It is a recording.' },
  video: { profile: 'audio', reason: 'It is a film, of which the sound is read.' },
  subtitles: { profile: 'audio', reason: 'It is speech with its times.' },
};

/** Kinds that CVs, contracts and the like are written in. */
const WRITINGS = new Set<DocumentKind>(['text', 'markdown', 'html', 'pdf', 'rtf', 'docx', 'odt']);

const SIGNS_OF: [Profile, (evidence: Evidence) => Sign[]][] = [
  ['resume', resumeSigns],
  ['contract', contractSigns],
  ['review', reviewSigns],
  ['policy', policySigns],
  ['employee', employeeSigns],
];

/** What a document is shows at its beginning. */
const LOOKED_AT_CHARACTERS = 60_000;

const NOTHING_PARTICULAR = 'Nothing in it shows that it is anything in particular.';

/** Proposes how to read a document, by what it is, is called and says. Pure and quick: it looks at the beginning only. */
export function proposeProfile(document: {
  kind: DocumentKind;
  filename: string;
  title?: string | undefined;
  blocks: Block[];
}): ProfileProposal {
  const known = BY_KIND[document.kind];
  if (known !== undefined) return { profile: known.profile, confidence: 1, reasons: [known.reason] };
  if (!WRITINGS.has(document.kind)) return { profile: 'general', confidence: 1, reasons: [NOTHING_PARTICULAR] };
  const { laidOut, isWhole } = beginningOf(document.blocks);
  const evidence = gatherEvidence(laidOut, { ...document, isWhole });
  const candidates = SIGNS_OF.map(([profile, signsOf]) => propose(profile, signsOf(evidence)));
  const best = candidates.reduce((one, other) => (other.confidence > one.confidence ? other : one));
  if (best.confidence >= WORTH_SAYING) return best;
  return { profile: 'general', confidence: rounded(1 - best.confidence), reasons: [NOTHING_PARTICULAR] };
}

/** How a document is to be read: as its user chose, else as the rules propose if they are certain. */
export function profileToRead({ profile, profileChosenBy }: ProfileChoice, proposal: ProfileProposal): Profile {
  if (profileChosenBy === 'user') return profile;
  return proposal.confidence >= CERTAIN ? proposal.profile : 'general';
}

/** Signs speak independently of each other: what all of them leave doubtful is doubtful. */
function propose(profile: Profile, signs: Sign[]): ProfileProposal {
  const doubt = signs.reduce((left, { weight }) => left * (1 - weight), 1);
  return { profile, confidence: rounded(1 - doubt), reasons: signs.map(({ reason }) => reason) };
}

const rounded = (confidence: number): number => Math.round(confidence * 100) / 100;

function beginningOf(blocks: Block[]): { laidOut: LaidOut; isWhole: boolean } {
  let characters = 0;
  const count = blocks.findIndex((block) => {
    characters += block.text.length;
    return characters > LOOKED_AT_CHARACTERS;
  });
  const taken = count === -1 ? blocks : blocks.slice(0, Math.max(count, 1));
  const first = taken.map((block) => ({ ...block, text: block.text.slice(0, LOOKED_AT_CHARACTERS) }));
  return { laidOut: { blocks: first, ...layoutText(first) }, isWhole: count === -1 };
}
