// The door of every npm verb. Plain JavaScript on any Node from 20, with nothing installed yet:
// installs what package-lock.json names when node_modules lacks it, then runs scripts/VERB.ts on the project's own Node.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const isWindows = process.platform === 'win32';
const bin = path.join(root, 'node_modules', '.bin');

const [verb, ...args] = process.argv.slice(2);
const script = path.join(root, 'scripts', `${verb}.ts`);
if (!verb || !/^[a-z-]+$/.test(verb) || !existsSync(script)) fail(`There is no script named "${verb ?? ''}".`);

if (!isInstalled()) install();
run();

/** Whether node_modules holds exactly the versions of package-lock.json. Optional packages may be absent. */
function isInstalled() {
  const installed = readPackages(path.join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  if (!wanted) fail('package-lock.json is missing or is not JSON.');
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === '') return true;
    const held = installed[name];
    if (!held) return Boolean(entry.optional);
    const same = held.version === entry.version && (!entry.integrity || held.integrity === entry.integrity);
    return same && existsSync(path.join(root, name));
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function install() {
  console.error('Installing the packages of package-lock.json. The first time takes a minute or two.');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  // A lock file made where other platforms' packages could not be seen lacks them, and only npm ci minds.
  const done = npm(['ci', ...quiet]) || npm(['install', '--no-save', ...quiet]);
  if (!done) fail('The packages could not be installed. See the messages of npm above.');
}

function npm(args) {
  const { status } = spawnSync(isWindows ? 'npm.cmd' : 'npm', args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: isWindows,
  });
  return status === 0;
}

function run() {
  const child = spawn(projectNode(), ['--disable-warning=ExperimentalWarning', script, ...args], {
    // The channel tells the script when this process is gone, however it went.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    cwd: root,
    env: {
      ...process.env,
      PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`,
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_SEND_ERROR_REPORTS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
  });
  // A terminal sends Ctrl-C to the child as well; what comes by kill(1) is passed on here.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  if (process.env.npm_lifecycle_event) stopWithParent(child);
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

/** npm that is killed outright takes nothing with it: what it started, through a shell, would go on alone. */
function stopWithParent(child) {
  const ancestors = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const first = ancestors();
  setInterval(() => {
    if (ancestors() !== first) child.kill('SIGTERM');
  }, 300).unref();
}

function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the command in parentheses: state, parent.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  } catch {
    return 'unknown';
  }
}

/** Node 22 from the npm package, or the Node that runs this when it also strips types and the package has no binary. */
function projectNode() {
  const own = path.join(root, 'node_modules', 'node', 'bin', isWindows ? 'node.exe' : 'node');
  if (existsSync(own)) return own;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  fail('node_modules has no Node 22: was it installed with --ignore-scripts? Remove node_modules and try again.');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
