// The workflows as one file, for a worker that runs from sources: an installed package brings it along.
// Made in a process of its own, because webpack would leave the memory it took to the worker.
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const maxBytes = 64 * 1024 * 1024;

/** The code. Rejects with what the bundler said when the workflows cannot be bundled. */
export async function bundleWorkflows(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename], { maxBuffer: maxBytes });
  return stdout;
}

if (import.meta.main) {
  const workflowsPath = path.join(import.meta.dirname, '..', 'workflows', `index${path.extname(import.meta.filename)}`);
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  process.stdout.write(code);
}
