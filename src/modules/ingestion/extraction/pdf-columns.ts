import type { Segment } from './pdf-lines.ts';

/** A page whose text jumps back up more often than this was painted in another order than it is read. */
const MAX_UPWARD_SHARE = 0.15;
const MIN_UPWARD_JUMPS = 4;
/** Columns lie between the margins; a gutter nearer to an edge is an indentation. As shares of the text's width. */
const GUTTER_ZONE = { from: 0.2, to: 0.8 };
const BIN_POINTS = 2;
/** Headlines and wide figures may cross a gutter, running text may not. */
const MAX_CROSSING_SHARE = 0.2;
const MIN_LINES_PER_COLUMN = 4;
const MIN_COLUMN_LINE_CHARACTERS = 18;

/**
 * Reading order. Programs paint text in the order in which it is read, column by column and cell by cell, so that order is
 * kept, unless it jumps up and down the page: then from top to bottom, columns one after the other.
 */
export function inReadingOrder(segments: Segment[]): Segment[] {
  let upward = 0;
  for (const [i, segment] of segments.entries()) {
    const previous = segments[i - 1];
    if (previous !== undefined && segment.y > previous.y + Math.max(segment.size, previous.size)) upward++;
  }
  const isInOrder = upward <= Math.max(MIN_UPWARD_JUMPS, MAX_UPWARD_SHARE * segments.length);
  return isInOrder ? segments : byColumns(segments);
}

function byColumns(segments: Segment[]): Segment[] {
  const gutter = findGutter(segments);
  if (gutter === undefined) return topToBottom(segments);
  const ordered: Segment[] = [];
  let band: Segment[] = [];
  const closeBand = () => {
    ordered.push(...topToBottom(band.filter((segment) => segment.right <= gutter)));
    ordered.push(...byColumns(band.filter((segment) => segment.right > gutter)));
    band = [];
  };
  for (const segment of topToBottom(segments)) {
    const crosses = segment.left < gutter && segment.right > gutter;
    if (crosses) closeBand();
    (crosses ? ordered : band).push(segment);
  }
  closeBand();
  return ordered;
}

/** From top to bottom, on one line from left to right; baselines differ by a little within a line. */
function topToBottom(segments: Segment[]): Segment[] {
  const sorted = [...segments].sort((a, b) => b.y - a.y);
  let lineY = Number.POSITIVE_INFINITY;
  const lines: Segment[][] = [];
  for (const segment of sorted) {
    if (lineY - segment.y > 0.35 * segment.size) {
      lines.push([]);
      lineY = segment.y;
    }
    lines.at(-1)?.push(segment);
  }
  return lines.flatMap((line) => line.sort((a, b) => a.left - b.left));
}

/** The x of the least covered strip between two columns of running text, if there are such. */
function findGutter(segments: Segment[]): number | undefined {
  if (segments.length < 2 * MIN_LINES_PER_COLUMN) return undefined;
  const left = Math.min(...segments.map((segment) => segment.left));
  const right = Math.max(...segments.map((segment) => segment.right));
  let best: { x: number; crossing: number } | undefined;
  for (let share = GUTTER_ZONE.from; share <= GUTTER_ZONE.to; share += BIN_POINTS / Math.max(right - left, 100)) {
    const x = left + share * (right - left);
    const crossing = segments.filter((segment) => segment.left < x && segment.right > x).length;
    if (crossing < (best?.crossing ?? Number.POSITIVE_INFINITY) && isBetweenColumns(segments, x))
      best = { x, crossing };
  }
  return best !== undefined && best.crossing <= MAX_CROSSING_SHARE * segments.length ? best.x : undefined;
}

function isBetweenColumns(segments: Segment[], x: number): boolean {
  const sides = [segments.filter((segment) => segment.right <= x), segments.filter((segment) => segment.left >= x)];
  return sides.every((side) => {
    const characters = side.reduce((sum, segment) => sum + segment.text.length, 0);
    return side.length >= MIN_LINES_PER_COLUMN && characters / side.length >= MIN_COLUMN_LINE_CHARACTERS;
  });
}
