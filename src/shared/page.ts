import { z } from 'zod';

/** One page of a list, and the cursor of the next one (null at the end). */
export type Page<T> = { items: T[]; nextCursor: string | null };

export type PageRequest = {
  limit: number;
  cursor?: string | undefined;
  /** Name of the field to sort by; ties are broken by id. */
  sort: string;
  order: 'asc' | 'desc';
};

/** Place of the last row of a page: its sort value and id. */
export type CursorPosition = { value: string | number | null; id: string };

const positionSchema = z.tuple([z.union([z.string(), z.number(), z.null()]), z.string(), z.string()]);

export class InvalidCursorError extends Error {
  override readonly name = 'InvalidCursorError';
}

/** @param list what the position is a place in, e.g. `createdAt:desc`; another list refuses the cursor. */
export function encodeCursor(position: CursorPosition, list = ''): string {
  const bytes = new TextEncoder().encode(JSON.stringify([position.value, position.id, list]));
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** @throws InvalidCursorError for anything that `encodeCursor` did not make for this list. */
export function decodeCursor(cursor: string, list = ''): CursorPosition {
  const position = parsePosition(cursor);
  if (position?.[2] !== list) throw new InvalidCursorError('The cursor is not one that this list gave.');
  return { value: position[0], id: position[1] };
}

function parsePosition(cursor: string): z.output<typeof positionSchema> | undefined {
  try {
    const text = new TextDecoder().decode(Uint8Array.fromBase64(cursor, { alphabet: 'base64url' }));
    return positionSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
