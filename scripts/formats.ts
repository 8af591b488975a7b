import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatPage } from './format-table.ts';
import { ROOT } from './project.ts';

// Writes docs/formats.md anew, to be committed: `npm run formats`.

const file = path.join('docs', 'formats.md');
await writeFile(path.join(ROOT, file), await formatPage());
console.log(`Written to ${file}.`);
