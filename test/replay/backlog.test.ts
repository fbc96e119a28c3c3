// What a backlog of signals costs: a Workflow Task that takes more than the SDK's 5 s fails, for ever where the backlog cannot grow smaller.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { z } from 'zod';
import { preparedBundle } from '../support/code.ts';
import { sources } from '../workflows/harness.ts';

const quiet = new DefaultLogger('ERROR', () => undefined);
beforeAll(() => {
  Runtime.install({ logger: quiet, shutdownSignals: [], telemetryOptions: { logging: { filter: 'OFF', forward: {} } } });
});

const stored = z.object({
  workflowId: z.string(),
  history: z.object({ events: z.array(z.looseObject({ eventType: z.string(), eventTime: z.string() })) }),
});
const { workflowId, history } = stored.parse(
  JSON.parse(readFileSync(path.join(import.meta.dirname, 'histories', 'connection-refused.json'), 'utf8')),
);

/** The entity, which has read its row, up to a Workflow Task that finds signals of every kind. */
function withBacklog(signals: number): ReturnType<typeof historyFromJSON> {
  const scheduled = history.events.flatMap(({ eventType }, index) => (eventType === 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED' ? [index] : []));
  const before = history.events.slice(0, scheduled[1]);
  const eventTime = before.at(-1)?.eventTime;
  const kinds = ['pause', 'resume', 'cancelRun', 'runNow', 'nonsense'];
  const data = (text: string): string => Buffer.from(text).toString('base64');
  const input = { payloads: [{ metadata: { encoding: data('json/plain') }, data: data('{"profile":"default"}') }] };
  const sent = Array.from({ length: signals }, (_, index) => ({
    eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED',
    workflowExecutionSignaledEventAttributes: { signalName: kinds[index % kinds.length], input },
  }));
  const scheduledEventId = String(before.length + signals + 1);
  const taken = [
    {
      eventType: 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED',
      workflowTaskScheduledEventAttributes: { taskQueue: { name: 'tidemark' }, startToCloseTimeout: '10s', attempt: 1 },
    },
    { eventType: 'EVENT_TYPE_WORKFLOW_TASK_STARTED', workflowTaskStartedEventAttributes: { scheduledEventId } },
  ];
  const events = [
    ...before,
    ...[...sent, ...taken].map((event, index) => ({ ...event, eventTime, eventId: String(before.length + index + 1) })),
  ];
  return historyFromJSON({ events });
}

/** Milliseconds until the backlog is taken. */
async function taking(workflowBundle: WorkflowBundleOption, signals: number): Promise<number> {
  const begun = performance.now();
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, [{ workflowId, history: withBacklog(signals) }])) {
    expect(error).toBeUndefined();
  }
  return performance.now() - begun;
}

test('5,000 signals cost less than half of what they cost with the call stack of each', async () => {
  const plain = await bundleWorkflowCode({ workflowsPath: sources.workflowsPath, logger: quiet });
  const whole = { codePath: await preparedBundle() };
  const cost = async (bundle: WorkflowBundleOption): Promise<number> => (await taking(bundle, 5_000)) - (await taking(bundle, 0));
  const noted = await cost(plain);
  const taken = await cost(whole);
  process.stderr.write(`5,000 signals: ${Math.round(taken)} ms, with call stacks ${Math.round(noted)} ms\n`);
  expect(taken).toBeLessThan(noted / 2);
}, 120_000);
