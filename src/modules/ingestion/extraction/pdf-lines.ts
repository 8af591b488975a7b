/** From the pieces of text that a PDF page paints to rows of text, in points with the origin at the lower left. */

/** A piece of text as painted: lower left corner of its baseline, its width and font size. */
export type TextRun = {
  text: string;
  x: number;
  y: number;
  width: number;
  size: number;
  rightToLeft: boolean;
};

/** Runs that belong together on one line, e.g. a line of a paragraph or one cell of a table. */
export type Segment = { text: string; left: number; right: number; y: number; size: number };

/** What is painted on one baseline from left to right: one segment, or the cells of a table's row. */
export type Row = { segments: Segment[]; left: number; right: number; y: number; size: number };

/** A text item of PDF.js: the transform is [a, b, c, d, x, y]. */
export type PaintedItem = { str: string; dir: string; transform: number[]; width: number; height: number };

/** Justified lines stretch spaces to an em and a half; cells and columns stand further apart. In ems. */
const MAX_WORD_GAP = 1.8;
const MIN_WORD_GAP = 0.12;

/**
 * Turns the items so that most of the page's text runs from left to right (pages are often turned as a whole), and drops
 * white space. Text in other directions, such as stamps along the edge, is put at the end.
 */
export function toRuns(items: PaintedItem[]): TextRun[] {
  const painted = items.filter((item) => item.str.trim() !== '');
  const turns = painted.map(quarterTurns);
  const weights = [0, 0, 0, 0];
  for (const [i, turn] of turns.entries()) weights[turn] = (weights[turn] ?? 0) + (painted[i]?.str.length ?? 0);
  const main = weights.indexOf(Math.max(...weights));
  const order = [...painted.keys()].sort((a, b) => Number(turns[a] !== main) - Number(turns[b] !== main) || a - b);
  return order.flatMap((i) => {
    const item = painted[i];
    return item === undefined ? [] : [toRun(item, turns[i] ?? 0)];
  });
}

/** Joins runs that continue each other, in the order in which they were painted. */
export function toSegments(runs: TextRun[]): Segment[] {
  const segments: Segment[] = [];
  let current: Segment | undefined;
  for (const run of runs) {
    if (current !== undefined && continues(current, run)) {
      extend(current, run);
      continue;
    }
    current = { text: run.text, left: run.x, right: run.x + run.width, y: run.y, size: run.size };
    segments.push(current);
  }
  return segments;
}

/** Gathers segments that follow each other on one baseline. */
export function toRows(segments: Segment[]): Row[] {
  const rows: Row[] = [];
  for (const segment of segments) {
    const row = rows.at(-1);
    const isSameRow = row !== undefined && Math.abs(row.y - segment.y) < 0.35 * Math.min(row.size, segment.size);
    if (row !== undefined && isSameRow && (segment.left >= row.right - 1 || segment.right <= row.left + 1)) {
      row.segments.push(segment);
      row.segments.sort((a, b) => a.left - b.left);
      row.left = Math.min(row.left, segment.left);
      row.right = Math.max(row.right, segment.right);
      row.size = Math.max(row.size, segment.size);
    } else {
      rows.push({ segments: [segment], left: segment.left, right: segment.right, y: segment.y, size: segment.size });
    }
  }
  return rows;
}

function quarterTurns(item: PaintedItem): number {
  const [a = 1, b = 0] = item.transform;
  return (Math.round(Math.atan2(b, a) / (Math.PI / 2)) + 4) % 4;
}

function toRun(item: PaintedItem, turns: number): TextRun {
  const [, , c = 0, d = 0, e = 0, f = 0] = item.transform;
  const [x, y] = turns === 0 ? [e, f] : turns === 1 ? [f, -e] : turns === 2 ? [-e, -f] : [-f, e];
  const size = item.height > 0 ? item.height : Math.hypot(c, d);
  return { text: item.str, x, y, width: Math.abs(item.width), size: size || 1, rightToLeft: item.dir === 'rtl' };
}

/** Superscripts and subscripts stand off the baseline by less than half the size. */
function continues(segment: Segment, run: TextRun): boolean {
  const size = Math.max(segment.size, run.size);
  if (Math.abs(segment.y - run.y) > 0.45 * size) return false;
  const gap = run.rightToLeft ? segment.left - (run.x + run.width) : run.x - segment.right;
  return gap > -0.5 * size && gap < MAX_WORD_GAP * size;
}

function extend(segment: Segment, run: TextRun): void {
  const gap = run.rightToLeft ? segment.left - (run.x + run.width) : run.x - segment.right;
  const isApart = gap > MIN_WORD_GAP * Math.max(segment.size, run.size);
  segment.text += isApart && !/\s$/.test(segment.text) && !/^\s/.test(run.text) ? ` ${run.text}` : run.text;
  if (run.size > segment.size) {
    segment.size = run.size;
    segment.y = run.y;
  }
  segment.left = Math.min(segment.left, run.x);
  segment.right = Math.max(segment.right, run.x + run.width);
}
