// Histories of every scenario, recorded by released workflows, replay on these: a change that would break a run under way is refused here first.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, type ReplayHistoriesIterable, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { sources } from '../workflows/harness.ts';
import { scenarios } from './scenarios.ts';

const directory = path.join(import.meta.dirname, 'histories');
const files = readdirSync(directory).filter((file) => file.endsWith('.json'));
const quiet = new DefaultLogger('ERROR', () => undefined);

beforeAll(() => {
  Runtime.install({ logger: quiet, shutdownSignals: [], telemetryOptions: { logging: { filter: 'OFF', forward: {} } } });
});

function* histories(): Generator<{ readonly workflowId: string; readonly history: ReturnType<typeof historyFromJSON> }> {
  for (const file of files) {
    const { workflowId, history }: { workflowId: string; history: unknown } = JSON.parse(readFileSync(path.join(directory, file), 'utf8'));
    yield { workflowId, history: historyFromJSON(history) };
  }
}

/** How each history replays on these workflows, by workflow id. */
async function replay(workflowsPath: string): Promise<Map<string, Error | undefined>> {
  const workflowBundle = await bundleWorkflowCode({ ...sources, workflowsPath, logger: quiet });
  const results = new Map<string, Error | undefined>();
  const iterable: ReplayHistoriesIterable = histories();
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, iterable)) results.set(workflowId, error);
  return results;
}

test('every scenario has its history', () => {
  const missing = Object.keys(scenarios).filter((name) => !files.includes(`${name}.json`) && name !== 'connection-lost');
  expect(missing).toEqual([]);
  expect(files.length).toBeGreaterThan(Object.keys(scenarios).length);
});

test('every stored history replays', async () => {
  const results = await replay(sources.workflowsPath);
  expect(results.size).toBe(files.length);
  expect([...results].filter(([, error]) => error !== undefined)).toEqual([]);
});

test('a workflow that was changed is refused by every one of them', async () => {
  const results = await replay(path.join(import.meta.dirname, 'changed.ts'));
  expect(results.size).toBe(files.length);
  for (const [workflowId, error] of results) expect([workflowId, error]).toEqual([workflowId, expect.any(DeterminismViolationError)]);
});

test('no history names the machine that recorded it', () => {
  for (const file of files) {
    expect(readFileSync(path.join(directory, file), 'utf8')).not.toMatch(/"(identity|stackTrace)"|\/(home|root|work|Users|tmp)\//);
  }
});
