import { copyAssets } from './assets.ts';
import { BUNDLE_BUDGET_BYTES, kibibytes, weighBundle } from './bundle.ts';

// Proves offline that both environments bundle and that what would be uploaded is small enough.
await copyAssets();
const bundles = await Promise.all([weighBundle(''), weighBundle('production')]);
for (const { environment, rawBytes, gzipBytes } of bundles) {
  console.log(
    `${environment.padEnd(12)} ${kibibytes(rawBytes).padStart(10)} raw ${kibibytes(gzipBytes).padStart(10)} gzip`,
  );
}
if (bundles.some(({ gzipBytes }) => gzipBytes > BUNDLE_BUDGET_BYTES)) {
  console.error(`Over ${kibibytes(BUNDLE_BUDGET_BYTES)} gzip.`);
  process.exit(1);
}
