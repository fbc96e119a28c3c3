// The workflows as a worker loads them: they bundle, and nothing of the outside comes with them.
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { workflowSources } from '../src/stack/workflowBundle.ts';

test('the workflow bundle holds no module of Node and no code of activities, store or clients', async () => {
  const { code } = await bundleWorkflowCode({
    ...workflowSources(path.join(import.meta.dirname, '../src/workflows')),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  const modules = [...code.matchAll(/^\/\*\*\*\/ "(\.\/[^"]+|[^"]+)":?/gm)].map(([, name = '']) => name);
  expect(modules.filter((name) => /src\/workflows\/connection\.ts/.test(name))).toHaveLength(1);
  expect(modules.filter((name) => /(^|")node:|src\/(activities|store|clients|pull|cli|stack|config|log)\b/.test(name))).toEqual([]);
}, 120_000);
