import type { Recorded } from './statement-recorder.ts';

/** Tables that stay small whoever uses the platform. */
const BOUNDED_TABLES = new Set(['d1_migrations', 'sqlite_schema', 'sqlite_master', 'sqlite_sequence']);

const PLANNED = /^\s*(select|insert|update|delete|replace|with)\b/i;
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*/g;

type Instruction = { addr: number; opcode: string; p1: number; p2: number; p3: number };
type Tree = { name: string; table: string };

/**
 * Statements that read a whole table or a whole index, with its name. Judged by the compiled program rather than by
 * EXPLAIN QUERY PLAN, whose words hide what an automatic index is built from and what a foreign key makes a DELETE read.
 */
export async function tableScans({ database, statements }: Recorded): Promise<string[]> {
  const trees = await treesByRootPage(database);
  const planned = [...statements].filter((sql) => PLANNED.test(sql));
  const programs = await explain(database, planned);
  return programs.flatMap(({ sql, program }) =>
    scannedTrees(program, trees)
      .filter((tree) => !BOUNDED_TABLES.has(tree.table))
      .map((tree) => `reads all of ${tree.name === tree.table ? '' : `${tree.name} of `}${tree.table}: ${sql}`),
  );
}

async function treesByRootPage(database: D1Database): Promise<Map<number, Tree>> {
  const found = await database
    .prepare('select rootpage, name, tbl_name as "table" from sqlite_master where rootpage > 0')
    .all<Tree & { rootpage: number }>();
  return new Map([[1, SCHEMA], ...found.results.map(({ rootpage, ...tree }) => [rootpage, tree] as const)]);
}

const SCHEMA: Tree = { name: 'sqlite_schema', table: 'sqlite_schema' };

/** Those statements that can be compiled now; what was prepared for a schema that is gone has never run. */
async function explain(database: D1Database, planned: string[]): Promise<{ sql: string; program: Instruction[] }[]> {
  const programs = await Promise.all(
    planned.map((sql) =>
      database
        .prepare(`EXPLAIN ${sql}`)
        .bind(...anyParameters(sql))
        .all<Instruction>()
        .then(({ results }) => results)
        .catch((error: Error) => {
          if (/no such (table|column)|has no column/.test(error.message)) return [];
          throw new Error(`Cannot explain ${sql}`, { cause: error });
        }),
    ),
  );
  return planned.map((sql, index) => ({ sql, program: programs[index] ?? [] }));
}

/** Any values do: without statistics a plan does not depend on them. */
export function anyParameters(sql: string): number[] {
  const places = [...sql.replace(QUOTED, '').matchAll(/\?(\d*)/g)];
  const numbered = places.map((place) => Number(place[1]));
  return Array.from({ length: Math.max(places.length - numbered.filter(Boolean).length, ...numbered, 0) }, () => 1);
}

/** The tables and indexes that a program walks from end to end. */
function scannedTrees(program: Instruction[], trees: Map<number, Tree>): Tree[] {
  const scanned = subprograms(program).flatMap((instructions) => {
    const cursors = new Map<number, Tree | undefined>();
    const moving = new Set<number>();
    for (const { opcode, p1, p2, p3 } of instructions) {
      if (/^(OpenRead|OpenWrite|ReopenIdx)$/.test(opcode) && p3 === 0) cursors.set(p1, trees.get(p2));
      if (/^(Next|Prev)$/.test(opcode)) moving.add(p1);
    }
    return instructions.map(({ opcode, p1 }) => {
      if (opcode === 'Clear') return trees.get(p1);
      const walks = opcode === 'Count' || (/^(Rewind|Last)$/.test(opcode) && moving.has(p1));
      return walks ? cursors.get(p1) : undefined;
    });
  });
  return [...new Set(scanned)].filter((tree) => tree !== undefined);
}

/** Triggers and the actions of foreign keys follow the main program; each counts its addresses and cursors from 0. */
function subprograms(program: Instruction[]): Instruction[][] {
  const parts: Instruction[][] = [];
  for (const instruction of program) {
    if (instruction.addr === 0) parts.push([]);
    parts.at(-1)?.push(instruction);
  }
  return parts;
}
