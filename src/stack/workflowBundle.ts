// The workflows as one file, for a worker that runs from sources: an installed package brings it along.
// Made in a process of its own, because webpack would leave the memory it took to the worker.
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const maxBytes = 64 * 1024 * 1024;

/** Interceptors that make spans of what workflows do. They change no command: stored histories replay with them too. */
const tracingModule = '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors';

/** The code. Rejects with what the bundler said when the workflows cannot be bundled. */
export async function bundleWorkflows({ traced }: { readonly traced: boolean }): Promise<string> {
  const args = [import.meta.filename, ...(traced ? ['traced'] : [])];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: maxBytes });
  return stdout;
}

if (import.meta.main) {
  const workflowsPath = path.join(import.meta.dirname, '..', 'workflows', `index${path.extname(import.meta.filename)}`);
  const workflowInterceptorModules = process.argv.includes('traced') ? [tracingModule] : [];
  const { code } = await bundleWorkflowCode({ workflowsPath, workflowInterceptorModules, logger: new DefaultLogger('ERROR') });
  process.stdout.write(code);
}
