// The workflows as one file, for a worker that runs from sources: an installed package brings it along.
// Made in a process of its own, because webpack would leave the memory it took to the worker.
import { bundleWorkflowCode, type BundleOptions, DefaultLogger } from '@temporalio/worker';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** What a bundle is made of, given the directory of the workflows. */
export function workflowSources(directory: string): Pick<BundleOptions, 'workflowsPath' | 'workflowInterceptorModules'> {
  const file = (name: string): string => path.join(directory, `${name}${path.extname(import.meta.filename)}`);
  return { workflowsPath: file('index'), workflowInterceptorModules: [file('backlog')] };
}

const maxBytes = 64 * 1024 * 1024;

/** The code. Rejects with what the bundler said when the workflows cannot be bundled. */
export async function bundleWorkflows(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename], { maxBuffer: maxBytes });
  return stdout;
}

if (import.meta.main) {
  const sources = workflowSources(path.join(import.meta.dirname, '..', 'workflows'));
  const { code } = await bundleWorkflowCode({ ...sources, logger: new DefaultLogger('ERROR') });
  process.stdout.write(code);
}
