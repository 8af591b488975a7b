import { stripVTControlCharacters, styleText } from 'node:util';

/** Output for people: bars that move on a terminal, one line per quarter where the output is a file or a pipe. */

const BAR_CELLS = 30;
const isTerminal = process.stdout.isTTY === true;

export type Bar = { show(fraction: number, note?: string): void; end(note?: string): void };

export function progressBar(label: string): Bar {
  let last = -1;
  const draw = (fraction: number, note: string) => {
    const filled = Math.round(Math.min(1, fraction) * BAR_CELLS);
    return `${label.padEnd(11)} ${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)} ${`${Math.floor(fraction * 100)} %`.padStart(5)}  ${note}`;
  };
  return {
    show(fraction, note = '') {
      if (isTerminal) process.stdout.write(`\r${draw(fraction, note)}\x1b[K`);
      else if (Math.floor(fraction * 4) > last && fraction < 1) {
        last = Math.floor(fraction * 4);
        console.log(draw(fraction, note));
      }
    },
    end(note = '') {
      console.log(`${isTerminal ? '\r' : ''}${draw(1, note)}${isTerminal ? '\x1b[K' : ''}`);
    },
  };
}

/** Colour where the terminal shows it; NO_COLOR and pipes get plain text. */
export const style = (format: Parameters<typeof styleText>[0], text: string): string =>
  styleText(format, text, { stream: process.stdout, validateStream: true });

/** `text` with these [start, end) ranges standing out: in colour on a terminal, in guillemets elsewhere. */
export function highlight(text: string, ranges: readonly (readonly [number, number])[]): string {
  let out = '';
  let at = 0;
  for (const [start, end] of ranges) {
    const word = text.slice(start, end);
    out += text.slice(at, start) + (isTerminal ? style(['bold', 'yellow'], word) : `«${word}»`);
    at = end;
  }
  return out + text.slice(at);
}

/** Lines of at most `width` visible characters, each indented. */
export function wrap(text: string, { width = 100, indent = '' }: { width?: number; indent?: string } = {}): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && stripVTControlCharacters(longer).length > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  lines.push(line);
  return lines.map((each) => indent + each).join('\n');
}

/** Prints rows in columns as wide as their widest cell; numbers stand right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, String(cell).length);
    });
  }
  const isNumeric = (cell: string | number) => /^[\d.,–+-]/.test(String(cell));
  const align = (cell: string | number, column: number) =>
    isNumeric(cell) ? String(cell).padStart(widths[column] ?? 0) : String(cell).padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n');
}
