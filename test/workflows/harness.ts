// The workflows on a real Temporal server, in a namespace of their own, over the activities that a test gives.
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { Activities } from '../../src/activities/types.ts';
import { workflowSources } from '../../src/stack/workflowBundle.ts';
import { taskQueues } from '../../src/workflows/ids.ts';
import { preparedBundle } from '../support/code.ts';
import { freshNamespace } from '../support/namespaces.ts';
import { sharedTemporalAddress } from '../support/temporal.ts';
import { eventually } from '../support/waiting.ts';

export const sources = workflowSources(path.join(import.meta.dirname, '../../src/workflows'));

export interface Harness {
  readonly client: Client;
  readonly namespace: string;
  /** Starts the workers, where they were not to start at once. */
  work(): Promise<void>;
  stop(): Promise<void>;
}

/** What a test provokes is no news. */
const quiet = new DefaultLogger('ERROR', () => undefined);

export interface HarnessOptions {
  /** @default the server that all suites share */
  readonly address?: string;
  /** Whether the workers start at once. @default true */
  readonly workers?: boolean;
}

/** Starts workers for both task queues. The server is shared; the namespace is not. Activities that ask Temporal are made from its client. */
export async function startHarness(
  given: Activities | ((client: Client) => Activities),
  { address = sharedTemporalAddress(), workers: atOnce = true }: HarnessOptions = {},
): Promise<Harness> {
  install();
  const workflowBundle = { codePath: await preparedBundle() };
  const connection = await Connection.connect({ address });
  const namespace = await freshNamespace(connection);
  const client = new Client({ connection, namespace });
  const activities = typeof given === 'function' ? given(client) : given;
  const native = await NativeConnection.connect({ address });
  const common = { connection: native, namespace, activities, shutdownGraceTime: '1s' } as const;
  let workers: readonly Worker[] = [];
  let running: Promise<unknown> = Promise.resolve();
  const work = async (): Promise<void> => {
    workers = [
      await Worker.create({ ...common, taskQueue: taskQueues.control, workflowBundle }),
      await Worker.create({ ...common, taskQueue: taskQueues.pull }),
    ];
    running = Promise.all(workers.map((worker) => worker.run()));
  };
  if (atOnce) await work();
  return {
    client,
    namespace,
    work,
    async stop() {
      workers.forEach((worker) => worker.shutdown());
      await running;
      await native.close();
      await connection.close();
    },
  };
}

let installed = false;

function install(): void {
  if (!installed) Runtime.install({ logger: quiet, shutdownSignals: [], telemetryOptions: { logging: { filter: 'ERROR', forward: {} } } });
  installed = true;
}

/** Looks until the condition holds. */
export async function until(holds: () => Promise<boolean> | boolean, timeoutMs = 50_000): Promise<void> {
  await eventually('what the test waits for', timeoutMs, async () => ((await holds()) ? true : null));
}
