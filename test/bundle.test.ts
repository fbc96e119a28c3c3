// The workflows as a worker loads them: they bundle, and nothing of the outside comes with them.
import { readFileSync } from 'node:fs';
import { preparedBundle } from './support/code.ts';

test('the workflow bundle holds no module of Node and no code of activities, store or clients', async () => {
  const code = readFileSync(await preparedBundle(), 'utf8');
  const modules = [...code.matchAll(/^\/\*\*\*\/ "(\.\/[^"]+|[^"]+)":?/gm)].map(([, name = '']) => name);
  expect(modules.filter((name) => /src\/workflows\/connection\.ts/.test(name))).toHaveLength(1);
  expect(modules.filter((name) => /(^|")node:|src\/(activities|store|clients|pull|cli|stack|config|log)\b/.test(name))).toEqual([]);
}, 120_000);
