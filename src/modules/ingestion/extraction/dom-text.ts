import { attributeOf, type DomNode, isTextNode, tagOf, walkDom } from './dom.ts';

/** Elements that say nothing to a reader. */
const SKIPPED = new Set(
  'SCRIPT STYLE NOSCRIPT TEMPLATE HEAD NAV IFRAME OBJECT EMBED CANVAS AUDIO VIDEO SVG SELECT BUTTON INPUT TEXTAREA DATALIST DIALOG ANNOTATION MENU'.split(
    ' ',
  ),
);

/** Elements that begin and end a block. */
const BLOCKS = new Set(
  'ADDRESS ARTICLE ASIDE BLOCKQUOTE BODY CAPTION CENTER DD DETAILS DIV DL DT FIELDSET FIGCAPTION FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER HGROUP HR HTML LEGEND LI MAIN OL P PRE SECTION SUMMARY TABLE TBODY TD TFOOT TH THEAD TR UL'.split(
    ' ',
  ),
);

/** Inline elements that are hidden from screen readers repeat or decorate what stands beside them (formulas, icons). */
const DECORATIONS = new Set(['A', 'I', 'SPAN', 'SVG']);

export function isBlockTag(tag: string): boolean {
  return BLOCKS.has(tag);
}

/** Whether the element and all in it is left out: scripts, controls, navigation, what is hidden. */
export function isSkipped(node: DomNode, tag: string): boolean {
  if (tag === '') return node.nodeType === 8;
  if (SKIPPED.has(tag)) return true;
  if (node.getAttribute === undefined) return false;
  if (node.getAttribute('hidden') !== null || attributeOf(node, 'role') === 'navigation') return true;
  if (DECORATIONS.has(tag) && attributeOf(node, 'aria-hidden') === 'true') return true;
  return /display\s*:\s*none/i.test(attributeOf(node, 'style'));
}

/** All text below the node on one line, with spaces where blocks meet. */
export function flatText(root: DomNode): string {
  let text = '';
  const space = (tag: string) => {
    if (tag === 'BR' || isBlockTag(tag)) text += ' ';
  };
  walkDom(root, {
    enter(node) {
      const tag = tagOf(node);
      if (isSkipped(node, tag)) return false;
      if (isTextNode(node)) text += node.nodeValue ?? '';
      space(tag);
      return true;
    },
    leave: (node) => space(tagOf(node)),
  });
  return text.replace(/\s+/g, ' ').trim();
}

/** The text below the node exactly as written, for preformatted text; `<br>` is a line end. */
export function rawText(root: DomNode): string {
  let text = '';
  walkDom(root, {
    enter(node) {
      if (isTextNode(node)) text += node.nodeValue ?? '';
      else if (tagOf(node) === 'BR') text += '\n';
    },
  });
  return text;
}

/** Cells longer than this hold running text: the table only arranges the page. */
const MAX_CELL_CHARACTERS = 2000;

/**
 * The rows of a data table as lines of tab-separated cells, or undefined for a table that only arranges the page (tables
 * within it, a single column, very long cells).
 */
export function readTable(table: DomNode): string | undefined {
  const rows: string[][] = [];
  let arranges = false;
  walkDom(table, {
    enter(node) {
      const tag = tagOf(node);
      if (arranges || (tag === 'TABLE' && node !== table) || isSkipped(node, tag)) {
        arranges ||= tag === 'TABLE';
        return false;
      }
      if (tag === 'TR') rows.push([]);
      if (tag !== 'TD' && tag !== 'TH') return tag !== 'CAPTION';
      arranges ||= holdsTable(node);
      if (!arranges) (rows.at(-1) ?? pushRow(rows)).push(flatText(node));
      return false;
    },
  });
  const widest = Math.max(0, ...rows.slice(0, 1000).map((row) => row.length));
  const longest = rows.some((row) => row.some((cell) => cell.length > MAX_CELL_CHARACTERS));
  if (arranges || widest < 2 || longest) return undefined;
  return rows
    .map((row) => row.join('\t').trimEnd())
    .filter((row) => row !== '')
    .join('\n');
}

function pushRow(rows: string[][]): string[] {
  const row: string[] = [];
  rows.push(row);
  return row;
}

function holdsTable(cell: DomNode): boolean {
  let found = false;
  walkDom(cell, {
    enter(node) {
      found ||= tagOf(node) === 'TABLE';
      return !found;
    },
  });
  return found;
}
