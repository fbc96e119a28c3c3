// The workflows as one file, for a worker that runs from sources: an installed package brings it along.
// Made in a process of its own, because webpack would leave the memory it took to the worker.
import { bundleWorkflowCode, type BundleOptions, DefaultLogger } from '@temporalio/worker';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Whether failures are encoded is built in: what a workflow throws is converted where it runs. */
export interface Encoding {
  readonly encodedFailures: boolean;
}

/** Beside the worker, in an installed package. */
export const bundleName = ({ encodedFailures }: Encoding): string =>
  encodedFailures ? 'workflows.encoded.bundle.js' : 'workflows.bundle.js';

type Sources = Pick<BundleOptions, 'workflowsPath' | 'workflowInterceptorModules' | 'failureConverterPath'>;

/** What a bundle is made of, given the directory of the workflows. */
export function workflowSources(directory: string, { encodedFailures }: Encoding = { encodedFailures: false }): Sources {
  const file = (name: string): string => path.join(directory, `${name}${path.extname(import.meta.filename)}`);
  return {
    workflowsPath: file('index'),
    workflowInterceptorModules: [file('backlog')],
    ...(encodedFailures ? { failureConverterPath: file('encodedFailures') } : {}),
  };
}

const encodedWord = '--encoded-failures';
const maxBytes = 64 * 1024 * 1024;

/** The code. Rejects with what the bundler said when the workflows cannot be bundled. */
export async function bundleWorkflows({ encodedFailures }: Encoding): Promise<string> {
  const words = [import.meta.filename, ...(encodedFailures ? [encodedWord] : [])];
  const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: maxBytes });
  return stdout;
}

if (import.meta.main) {
  const sources = workflowSources(path.join(import.meta.dirname, '..', 'workflows'), {
    encodedFailures: process.argv.includes(encodedWord),
  });
  const { code } = await bundleWorkflowCode({ ...sources, logger: new DefaultLogger('ERROR') });
  process.stdout.write(code);
}
