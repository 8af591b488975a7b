type Rule = { path: string; allows: boolean };
type Group = { agents: string[]; rules: Rule[] };

const MAX_LINES = 5_000;
const MAX_PATTERN_CHARACTERS = 500;

/**
 * Whether a robots.txt lets a program of that name fetch a path (with its query), as RFC 9309 has it: the groups that
 * name it, else those for everybody; of the rules that fit, the longest, and of equals the one that allows.
 */
export function robotsAllow(robots: string, { agent, path }: { agent: string; path: string }): boolean {
  const groups = parseGroups(robots);
  const named = groups.filter(({ agents }) => agents.includes(agent));
  const chosen = named.length > 0 ? named : groups.filter(({ agents }) => agents.includes('*'));
  const fitting = chosen.flatMap(({ rules }) => rules).filter((rule) => fits(rule.path, path));
  const longest = Math.max(0, ...fitting.map((rule) => rule.path.length));
  const strongest = fitting.filter((rule) => rule.path.length === longest);
  return strongest.length === 0 || strongest.some((rule) => rule.allows);
}

function parseGroups(robots: string): Group[] {
  const groups: Group[] = [];
  let isNaming = false;
  for (const line of robots.split(/\r\n?|\n/, MAX_LINES)) {
    const [, key = '', value = ''] = /^\s*([a-z-]+)\s*:\s*([^#]*?)\s*(?:#|$)/i.exec(line.replace('\ufeff', '')) ?? [];
    const name = key.toLowerCase();
    if (name === 'user-agent') {
      if (!isNaming) groups.push({ agents: [], rules: [] });
      groups.at(-1)?.agents.push(value.toLowerCase());
      isNaming = true;
    } else if (name === 'allow' || name === 'disallow') {
      isNaming = false;
      if (value !== '' && value.length <= MAX_PATTERN_CHARACTERS) {
        groups.at(-1)?.rules.push({ path: value, allows: name === 'allow' });
      }
    }
  }
  return groups;
}

/** `*` stands for anything and `$` for the end. Matched piece by piece: no pattern takes more than one walk. */
function fits(pattern: string, path: string): boolean {
  const isAnchored = pattern.endsWith('$');
  const pieces = (isAnchored ? pattern.slice(0, -1) : pattern).split('*');
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1;
    if (index === 0 ? !path.startsWith(piece) : path.indexOf(piece, at) === -1) return false;
    if (isLast && isAnchored) return path.endsWith(piece) && path.length - piece.length >= at;
    at = (index === 0 ? 0 : path.indexOf(piece, at)) + piece.length;
  }
  return true;
}
