/** The little of the DOM that reading needs, and walks over it that no depth of nesting can break. */

export type DomNode = {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly firstChild: DomNode | null;
  readonly nextSibling: DomNode | null;
  readonly parentNode: DomNode | null;
  getAttribute?(name: string): string | null;
};

const ELEMENT_NODE = 1;
const TEXT_NODE = 3;

/** A parsed page. Looking for the article takes the tree apart: read the root first. */
export type Page = {
  root: DomNode;
  /** The readable part, as Readability sees it, or undefined where it sees none. */
  takeArticle(): Promise<{ content: DomNode; title: string | undefined } | undefined>;
};

/** Parses a page or a fragment; nothing in it runs and nothing is loaded. */
export async function parsePage(html: string): Promise<Page> {
  const { parseHTML } = await import('linkedom/worker');
  // The parser's doctype node has no next sibling: a walk would end there.
  const body = html.replace(/<!doctype[^>]*>/i, '');
  const isWhole = /<html[\s>]/i.test(body);
  const { document } = parseHTML(isWhole ? body : `<html><head></head><body>${body}</body></html>`);
  return {
    root: document,
    async takeArticle() {
      const { Readability } = await import('@mozilla/readability');
      const article = new Readability<DomNode>(document, { serializer: (node) => node }).parse();
      if (article === null || article.content === null || article.content === undefined) return undefined;
      return { content: article.content, title: article.title ?? undefined };
    },
  };
}

/** The node's name in capitals if it is an element, else ''. */
export function tagOf(node: DomNode): string {
  return node.nodeType === ELEMENT_NODE ? node.nodeName.toUpperCase() : '';
}

export function isTextNode(node: DomNode): boolean {
  return node.nodeType === TEXT_NODE;
}

/** An attribute's value, or '' where it is missing. */
export function attributeOf(node: DomNode, name: string): string {
  return node.getAttribute?.(name) ?? '';
}

/** What to do on the way down (false: skip the children) and on the way up, with the depth below the root. */
export type DomVisitor = {
  // biome-ignore lint/suspicious/noConfusingVoidType: visitors that never skip return nothing
  enter(node: DomNode, depth: number): boolean | void;
  leave?(node: DomNode): void;
};

/** Visits the root and all below it in document order, without recursion. */
export function walkDom(root: DomNode, visitor: DomVisitor): void {
  let node = root;
  let depth = 0;
  while (true) {
    const descends = visitor.enter(node, depth) !== false;
    const child = descends ? node.firstChild : null;
    if (child !== null) {
      node = child;
      depth++;
      continue;
    }
    visitor.leave?.(node);
    while (node !== root && node.nextSibling === null) {
      const parent = node.parentNode;
      if (parent === null) return;
      node = parent;
      depth--;
      visitor.leave?.(node);
    }
    const sibling = node.nextSibling;
    if (node === root || sibling === null) return;
    node = sibling;
  }
}
