import path from 'node:path';
import { parseArgs } from 'node:util';
import { emailKey } from '../src/modules/identity/login-keys.ts';
import { runTool } from './processes.ts';
import { ROOT } from './project.ts';

// Makes the account with an e-mail address an administrator, or with --revoke an ordinary user again: on this machine, or
// with --remote in production. May be run again. Nobody becomes an administrator otherwise but by another one.
// `npm run admin -- EMAIL [--revoke] [--remote]`

const USAGE = 'npm run admin -- EMAIL [--revoke] [--remote]';

type Account = { username: string; role: string; status: string };
type Answer = { results: Account[] };

const { values, positionals } = parseArgs({
  options: {
    revoke: { type: 'boolean', default: false },
    remote: { type: 'boolean', default: false },
    'persist-to': { type: 'string', default: path.join(ROOT, '.wrangler', 'state') },
  },
  allowPositionals: true,
});

const [email = '', ...others] = positionals;
if (others.length > 0 || !/^[^@\s\0]+@[^@\s\0]+$/.test(email)) fail(`One e-mail address is needed: ${USAGE}`);
const IS_MEANT = `email_key = '${emailKey(email).replaceAll("'", "''")}'`;
const TOUCHED = `version = version + 1, updated_at = ${Date.now()}`;

const account = await find();
if (!account) fail(`No account has the address ${email}. Register it first, then run this again.`);
await (values.revoke ? revoke(account) : grant(account));

async function grant({ username, role, status }: Account): Promise<void> {
  if (role === 'admin') return console.log(`${username} is an administrator already. Nothing was changed.`);
  await execute(`UPDATE users SET role = 'admin', ${TOUCHED} WHERE ${IS_MEANT}`);
  console.log(`${username} is an administrator now. Open sessions have the rights within 30 seconds.`);
  if (status !== 'active') console.log('The account is deactivated, and can do nothing before it is reactivated.');
}

async function revoke({ username, role }: Account): Promise<void> {
  if (role !== 'admin') return console.log(`${username} is no administrator. Nothing was changed.`);
  // In the statement itself: however many of these run at once, one active administrator stays.
  await execute(
    `UPDATE users SET role = 'user', ${TOUCHED} WHERE ${IS_MEANT} AND (status <> 'active' OR EXISTS (SELECT 1
      FROM users AS other WHERE other.role = 'admin' AND other.status = 'active' AND other.id <> users.id))`,
  );
  if ((await find())?.role === 'admin') {
    fail(`${username} is the last active administrator, and stays one. Make another one first: ${USAGE}`);
  }
  console.log(`${username} is no administrator any more. Open sessions lose the rights within 30 seconds.`);
}

async function find(): Promise<Account | undefined> {
  const [answer] = await execute(`SELECT username, role, status FROM users WHERE ${IS_MEANT}`);
  return answer?.results[0];
}

async function execute(sql: string): Promise<Answer[]> {
  const place = values.remote ? ['--remote', '--env', 'production'] : ['--local', '--persist-to', values['persist-to']];
  const args = ['d1', 'execute', 'DB', ...place, '--yes', '--json', '--command', sql];
  const { code, output } = await runTool('wrangler', args, { capture: true });
  if (code !== 0 && /no such table/.test(output)) {
    fail('The database is empty. Start the platform once (npm start), or deploy it (npm run deploy).');
  }
  if (code !== 0) fail(`The database could not be asked.\n${output.trim()}`);
  return JSON.parse(output.slice(output.search(/^\[/m))) as Answer[];
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
