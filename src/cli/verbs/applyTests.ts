// The tests of `apply`: which connections are tested before they are stored, and by whom (decision 22). Nothing of it is stored.
import { WorkflowFailedError } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { appliedSpec, type ConnectionSpec, specHash } from '../../connectors/spec.ts';
import { asTidemarkError, TidemarkError } from '../../errors.ts';
import type { ConnectionTest } from '../../model.ts';
import type { Connection } from '../../store/connection.ts';
import { taskQueues, testId } from '../../workflows/ids.ts';
import type { Context } from '../context.ts';
import { requireWorker } from '../entity.ts';
import { failureOf } from '../failure.ts';
import { whileWaiting } from '../progress.ts';
import { castTemporal } from '../temporal.ts';

/** Longer than a test takes; what no worker has taken up by then ends by itself. */
const testMs = 20_000;

/** Changed or new, with an active profile: what would begin to pull. */
export function isTested(spec: ConnectionSpec, before: Connection | undefined): boolean {
  return before?.specHash !== specHash(spec) && spec.profiles.some(({ status }) => status === 'active');
}

const without = 'Start one ("tidemark worker", or "tidemark up"), or apply without the test: --skip-test.';

/** @throws ORCHESTRATOR_UNAVAILABLE naming --skip-test. */
export async function requireTester(context: Context): Promise<void> {
  try {
    await requireWorker(context);
  } catch (error) {
    const { code, message, details } = asTidemarkError(error);
    if (code !== 'ORCHESTRATOR_UNAVAILABLE' || details['noWorkerSince'] === undefined) throw error;
    throw new TidemarkError(code, `${message} Nothing was changed: a connection is tested on a worker before it is applied.`, {
      hint: without,
      details,
      cause: error,
    });
  }
}

/** Tests a connection as it is in its file, by the short workflow. @throws ORCHESTRATOR_UNAVAILABLE when nobody answers */
export async function testSpec(context: Context, spec: ConnectionSpec): Promise<ConnectionTest> {
  const client = await context.temporal();
  const asked = client.withDeadline(Date.now() + testMs, () =>
    client.workflow.execute<(input: unknown) => Promise<ConnectionTest>>('testConnection', {
      workflowId: testId(spec.name, randomUUID()),
      taskQueue: taskQueues.control,
      workflowExecutionTimeout: testMs,
      args: [{ name: spec.name, spec: appliedSpec(spec) }],
    }),
  );
  try {
    return await whileWaiting(context.output, `${spec.name}: testing; this takes up to ten seconds`, asked);
  } catch (error) {
    throw failureOf(error) ?? (error instanceof WorkflowFailedError ? unanswered(spec.name, error) : castTemporal(error, client));
  }
}

function unanswered(name: string, cause: unknown): TidemarkError {
  return new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `${name}: the test was not answered in time.`, { hint: without, cause });
}
