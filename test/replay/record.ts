// Records the histories that replay.test.ts replays: `node test/replay/record.ts [SCENARIO…]`. Recorded ones are never overwritten, unless they are named.
// MUST be run on the release whose histories are wanted, never on a branch that changes workflows: a change would then be compared with itself.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { askPullDue } from '../../src/activities/askPullDue.ts';
import { startUnkilledTemporal } from '../support/temporal.ts';
import { fakeActivities, FakeStore } from '../workflows/fakes.ts';
import { startHarness } from '../workflows/harness.ts';
import { scenarios } from './scenarios.ts';

const directory = path.join(import.meta.dirname, 'histories');

/** What names the machine that recorded, or depends on it. */
const recorderOnly = new Set(['identity', 'stackTrace', 'buildId', 'binaryChecksum', 'sdkVersion']);

function withoutRecorder(value: unknown): unknown {
  // A sticky queue is named by process and machine.
  if (typeof value === 'string' && /^\d+@/.test(value)) return 'recorder';
  if (Array.isArray(value)) return value.map(withoutRecorder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !recorderOnly.has(key))
      .map(([key, part]) => [key, withoutRecorder(part)]),
  );
}

const named = process.argv.slice(2);
const temporal = await startUnkilledTemporal();
process.env['TIDEMARK_TEST_TEMPORAL_ADDRESS'] = temporal.address;
const stores = new Map<string, FakeStore>();
const activities = fakeActivities((name) => {
  const store = stores.get(name);
  if (store === undefined) throw new Error(`no store ${name}`);
  return store;
});
const harness = await startHarness({ ...activities, askPullDue: (input) => askPullDue({ client: harness.client }, input) });
try {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (named.length > 0 && !named.includes(name)) continue;
    const store = new FakeStore();
    stores.set(name, store);
    for (const { file, workflowId, runId } of await scenario({ harness, name, store })) {
      const target = path.join(directory, `${file}.json`);
      if (named.length === 0 && existsSync(target)) continue;
      const history = await harness.client.workflow.getHandle(workflowId, runId).fetchHistory();
      const json: unknown = JSON.parse(historyToJSON(history));
      writeFileSync(target, `${JSON.stringify({ workflowId, history: withoutRecorder(json) })}\n`);
      process.stdout.write(`${file}: ${history.events?.length ?? 0} events\n`);
    }
  }
} finally {
  await harness.stop();
  await temporal.stop();
}
