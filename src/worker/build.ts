// What the worker runs: the bundle of the workflows, and the build that Temporal and `doctor` know it by.
import type { WorkflowBundleOption } from '@temporalio/worker';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageVersion } from '../stack/version.ts';
import { bundleName, bundleWorkflows, type Encoding } from '../stack/workflowBundle.ts';

export interface Build {
  /** Its package's version and the hash of its workflows: two workers that share it may take over each other's workflows. */
  readonly id: string;
  /** null: it has activities only. */
  readonly bundle: WorkflowBundleOption | null;
}

/** An installed package brings its bundle; from sources it is made anew, which takes a few seconds. */
export async function loadBuild(encoding: Encoding): Promise<Build> {
  const file = path.join(import.meta.dirname, '..', bundleName(encoding));
  const code = existsSync(file) ? readFileSync(file, 'utf8') : await bundleWorkflows(encoding);
  return { id: buildId(packageVersion(), code), bundle: { code } };
}

/** The map back to the sources names where they are on this machine, and is no part of what runs. */
function buildId(version: string, code: string): string {
  const running = code.replace(/\n\/\/# sourceMappingURL=[^\n]*\s*$/, '');
  return `${version}-${createHash('sha256').update(running).digest('hex').slice(0, 12)}`;
}
