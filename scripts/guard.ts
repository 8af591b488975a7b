// Leads the process group of one local server: runs the command it is given, and kills the whole group as soon as its
// standard input closes, which happens however its parent ends. No workerd is left behind, not even after kill -9.
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error('guard.ts needs a command to run.');

const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
child.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on('exit', (code) => process.exit(code ?? 1));

// The parent signals the whole group; this process leaves last, when the server has closed.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});

process.stdin.on('end', endGroup);
process.stdin.on('error', endGroup);
process.stdin.resume();

function endGroup(): void {
  if (process.platform === 'win32') child.kill();
  else process.kill(-process.pid, 'SIGKILL');
}
