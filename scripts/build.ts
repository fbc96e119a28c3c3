// Makes dist/: the compiled sources (an installed package cannot strip types) and the workflow bundles, so that a worker starts without webpack.
// Types are not checked here: `npm run check` does.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { bundleName, workflowSources } from '../src/stack/workflowBundle.ts';

const root = path.join(import.meta.dirname, '..');
const dist = path.join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
execFileSync(path.join(root, 'node_modules', '.bin', 'tsc'), ['--project', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
for (const encoding of [{ encodedFailures: false }, { encodedFailures: true }]) {
  const { code } = await bundleWorkflowCode({
    ...workflowSources(path.join(root, 'src', 'workflows'), encoding),
    logger: new DefaultLogger('WARN'),
  });
  // Beside worker.js, which looks for it there.
  writeFileSync(path.join(dist, 'src', bundleName(encoding)), code);
}
