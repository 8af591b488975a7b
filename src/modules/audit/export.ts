/** A value of an exported entry. */
type Cell = string | number | boolean | null | object;
type Line = Record<string, Cell>;

export type ExportFormat = 'ndjson' | 'csv';

export const EXPORT_TYPES: Record<ExportFormat, string> = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

/** What makes spreadsheets take a cell for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** A cell in quotes (RFC 4180). One that a spreadsheet would compute gets an apostrophe in front, as OWASP advises. */
export function csvCell(value: Cell): string {
  if (value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

const csvLine = (cells: Cell[]) => `${cells.map(csvCell).join(',')}\r\n`;

/** The text of an export, page by page as it is asked for: no more than two pages are in memory. */
export function exportStream<T>(
  pages: AsyncIterator<T[]>,
  { format, columns, present }: { format: ExportFormat; columns: readonly string[]; present: (item: T) => Line },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const textOf = (line: Line) =>
    format === 'csv' ? csvLine(columns.map((column) => line[column] ?? null)) : `${JSON.stringify(line)}\n`;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (format === 'csv') controller.enqueue(encoder.encode(csvLine([...columns])));
      },
      async pull(controller) {
        const { done, value } = await pages.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value.map((item) => textOf(present(item))).join('')));
      },
      async cancel() {
        await pages.return?.();
      },
    },
    { highWaterMark: 1 },
  );
}
