// The entity `connection:NAME`, started by whoever asks it something while it does not run.
import type { Client } from '@temporalio/client';
import { connectionId, taskQueues } from '../workflows/ids.ts';
import { configuredSignal, runNowSignal } from '../workflows/messages.ts';

interface EntityStart {
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly args: [{ name: string }];
}

/** What the entity's workflow is started with. */
export function entityStart(name: string): EntityStart {
  return { workflowId: connectionId(name), taskQueue: taskQueues.control, args: [{ name }] };
}

/** Asks the entity for a run now, starting it when it does not run. Needs no worker; a connection that is paused leaves it out. @throws what the client throws */
export async function tellRunNow(client: Client, name: string, profile: string): Promise<void> {
  await client.workflow.signalWithStart('connection', { ...entityStart(name), signal: runNowSignal, signalArgs: [{ profile }] });
}

/** Tells the entity that its row or its Schedules have changed. Needs no worker; may be repeated. @throws what the client throws */
export async function tellConfigured(client: Client, name: string): Promise<void> {
  await client.workflow.signalWithStart('connection', { ...entityStart(name), signal: configuredSignal, signalArgs: [] });
}
