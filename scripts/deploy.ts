import { randomBytes } from 'node:crypto';
import { copyAssets } from './assets.ts';
import { runTool } from './processes.ts';

// Deploys to production with the account that wrangler is logged in to (`npx wrangler login`, or CLOUDFLARE_API_TOKEN
// and CLOUDFLARE_ACCOUNT_ID). Creates what is missing, changes nothing that is there, and may be run again.

const ENVIRONMENT = ['--env', 'production'];
const DATABASE = 'commonplace';
const BUCKET = 'commonplace-files';
const QUEUES = ['commonplace-jobs', 'commonplace-jobs-dead'];
const VECTOR_INDEX = 'commonplace-chunks';
/** Of the embedding model in wrangler.toml. An index keeps its dimension for life. */
const DIMENSIONS = '1024';
/** What searches filter vectors by. Vectors inserted before such an index exists are never found by it. */
const FILTERABLE = ['kind', 'profile'];

await requireAccount();
await ensure(`database ${DATABASE}`, ['d1', 'info', DATABASE], ['d1', 'create', DATABASE]);
await ensure(`bucket ${BUCKET}`, ['r2', 'bucket', 'info', BUCKET], ['r2', 'bucket', 'create', BUCKET]);
for (const queue of QUEUES) await ensure(`queue ${queue}`, ['queues', 'info', queue], ['queues', 'create', queue]);
await ensure(
  `vector index ${VECTOR_INDEX}`,
  ['vectorize', 'get', VECTOR_INDEX],
  ['vectorize', 'create', VECTOR_INDEX, '--dimensions', DIMENSIONS, '--metric', 'cosine'],
);
await ensureMetadataIndexes();
await ensureEncryptionKey();
await step('Applying the migrations', ['d1', 'migrations', 'apply', 'DB', '--remote', ...ENVIRONMENT]);
await copyAssets();
await step('Deploying', ['deploy', ...ENVIRONMENT]);

async function requireAccount(): Promise<void> {
  const { code, output } = await runTool('wrangler', ['whoami'], { capture: true });
  if (code === 0 && !/not authenticated/i.test(output)) return;
  console.error(
    'A Cloudflare account is needed: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID.',
  );
  process.exit(1);
}

async function ensure(what: string, look: string[], create: string[]): Promise<void> {
  const { code } = await runTool('wrangler', look, { capture: true });
  if (code === 0) console.log(`The ${what} is there.`);
  else await step(`Creating the ${what}`, create);
}

async function ensureMetadataIndexes(): Promise<void> {
  const { output } = await runTool('wrangler', ['vectorize', 'list-metadata-index', VECTOR_INDEX, '--json'], {
    capture: true,
  });
  for (const property of FILTERABLE.filter((name) => !output.includes(`"${name}"`))) {
    const args = ['vectorize', 'create-metadata-index', VECTOR_INDEX, '--propertyName', property, '--type', 'string'];
    await step(`Creating the metadata index ${property}`, args);
  }
}

/** Sealed data can be read by its key only: keep a copy of the secret where the database's backups are not. */
async function ensureEncryptionKey(): Promise<void> {
  const { output } = await runTool('wrangler', ['secret', 'list', ...ENVIRONMENT], { capture: true });
  if (output.includes('"ENCRYPTION_KEYS"')) return console.log('The secret ENCRYPTION_KEYS is there.');
  const id = new Date().toISOString().slice(0, 10);
  const key = `${id}:${randomBytes(32).toString('base64')}`;
  await step('Making the secret ENCRYPTION_KEYS', ['secret', 'put', 'ENCRYPTION_KEYS', ...ENVIRONMENT], key);
}

async function step(what: string, args: string[], input?: string): Promise<void> {
  console.log(`${what} …`);
  const { code } = await runTool('wrangler', args, input === undefined ? {} : { input });
  if (code !== 0) {
    console.error(`${what}: did not succeed. Nothing after it was done; run it again when the cause is mended.`);
    process.exit(code);
  }
}
