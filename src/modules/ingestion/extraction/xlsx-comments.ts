import type { OfficePackage, Relationship } from './office-package.ts';
import { childAt, childrenOf, textIn, type XmlElement } from './office-xml.ts';
import { richText } from './xlsx-cells.ts';

/** What Excel leaves for older programs in the place of a conversation. */
const PLACEHOLDER = /^\[Threaded comment\]/;

type CommentSource = { relationships: Map<string, Relationship>; people: string | undefined };

/** Comments on the cells of a sheet, as `Ada (B2): text`: notes, and conversations with their answers. */
export async function readComments(file: OfficePackage, { relationships, people }: CommentSource): Promise<string[]> {
  const comments: string[] = [];
  for (const { type, target } of relationships.values()) {
    if (type === 'comments') comments.push(...readNotes(await file.tree(target)));
    if (type === 'threadedComment') comments.push(...(await readThreads(file, { part: target, people })));
  }
  return comments;
}

function readNotes(root: XmlElement | undefined): string[] {
  const authors = childrenOf(childAt(root, 'authors'), 'author').map((author) => textIn(author).trim());
  return childrenOf(childAt(root, 'commentList'), 'comment').flatMap((comment) => {
    const text = richText(childAt(comment, 'text')).trim();
    if (text === '' || PLACEHOLDER.test(text)) return [];
    return sign(text, { author: authors[Number(comment.attributes['authorId'])], cell: comment.attributes['ref'] });
  });
}

async function readThreads(
  file: OfficePackage,
  { part, people }: { part: string; people: string | undefined },
): Promise<string[]> {
  const persons = childrenOf(people === undefined ? undefined : await file.tree(people), 'person');
  const names = new Map(persons.map(({ attributes }) => [attributes['id'], attributes['displayName']]));
  return childrenOf(await file.tree(part), 'threadedComment').flatMap((comment) => {
    const text = textIn(childAt(comment, 'text')).trim();
    const { personId, ref } = comment.attributes;
    return text === '' ? [] : sign(text, { author: names.get(personId), cell: ref });
  });
}

/** Notes often begin with their author's name already. */
function sign(text: string, { author, cell }: { author: string | undefined; cell: string | undefined }): string {
  const name = author === undefined || author === '' || text.startsWith(author) ? '' : author;
  const place = cell === undefined ? '' : `(${cell})`;
  const head = [name, place].filter((part) => part !== '').join(' ');
  return head === '' ? text : `${head}: ${text}`;
}
