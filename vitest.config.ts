import path from 'node:path';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/** What wrangler does with `import module from '….wasm'`, for Node: a compiled module. */
const webAssemblyModules = () => ({
  name: 'wasm-modules',
  enforce: 'pre' as const,
  load: (id: string) =>
    id.endsWith('.wasm')
      ? `import { readFileSync } from 'node:fs';
         export default new WebAssembly.Module(readFileSync(${JSON.stringify(id)}));`
      : undefined,
});

/**
 * Each test file is handed all modules that it needs in one message, which workerd takes up to 32 MiB of: without source
 * maps of libraries, which are most of it.
 */
const noMapsOfLibraries = () => ({
  name: 'no-maps-of-libraries',
  enforce: 'post' as const,
  transform: (code: string, id: string) =>
    id.includes('/node_modules/') ? { code, map: { mappings: '' as const } } : undefined,
});

/** Two projects: stories run inside workerd against real bindings; pure units run in Node, where a file costs nothing. */
export default defineConfig(async () => {
  const root = import.meta.dirname;
  const migrations = await readD1Migrations(path.join(root, 'migrations'));
  return {
    test: {
      silent: 'passed-only' as const,
      // The Worker's own log lines.
      onConsoleLog: (log: string) => !log.startsWith('{"level"'),
      projects: [
        {
          plugins: [
            noMapsOfLibraries(),
            cloudflareTest({
              remoteBindings: false,
              wrangler: { configPath: './wrangler.toml' },
              miniflare: {
                // Loaded as it is: the module is too large to be handed over like others.
                modulesRules: [{ type: 'ESModule', include: ['**/unpdf/dist/pdfjs.mjs'], fallthrough: true }],
                // A wall that a test can reach the end of.
                ratelimits: { SMALL_WALL: { namespace_id: '1002', simple: { limit: 5, period: 60 } } },
                bindings: {
                  TEST_MIGRATIONS: migrations,
                  ENVIRONMENT: 'test',
                  SCRYPT_COST_LOG2: '10',
                  JOB_LEASE_MS: '2000',
                },
              },
            }),
          ],
          test: {
            name: 'worker',
            include: ['test/*.test.ts'],
            setupFiles: ['./test/support/setup.ts'],
            testTimeout: 20_000,
          },
        },
        {
          // The real Worker in a process of its own: crashes, browsers, real files.
          test: {
            name: 'server',
            include: ['test/{browser,faults,server}/*.test.ts'],
            environment: 'node',
            testTimeout: 240_000,
            hookTimeout: 120_000,
            fileParallelism: false,
          },
        },
        {
          plugins: [webAssemblyModules()],
          test: {
            name: 'unit',
            include: ['test/unit/**/*.test.ts'],
            environment: 'node',
            testTimeout: 30_000,
            server: { deps: { inline: [/\.wasm$/] } },
          },
        },
      ],
    },
  };
});
