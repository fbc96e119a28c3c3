// Waits for the end of a run that another execution of the entity began.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { briefOfRow } from '../store/brief.ts';
import { getRun } from '../store/run.ts';
import { pullId } from '../workflows/ids.ts';
import type { Shared } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { AwaitRequest, AwaitResult } from './types.ts';

const lookEveryMs = 500;

/** A slice long; `running` when the run goes on after it. */
export async function awaitRun(shared: Shared, { run, connection, timings }: AwaitRequest): Promise<AwaitResult> {
  const { database, client } = shared;
  return withHeartbeat(timings, shared.draining, async ({ signal, alive }) => {
    for (const until = performance.now() + timings.sliceMs; performance.now() < until && !signal.aborted;) {
      // Asked first, so that a workflow that has just closed has written its row by then.
      const open = client === null || (await isOpen(client, pullId(connection, run)));
      const row = await getRun(database, run);
      const brief = row === null ? null : briefOfRow(row);
      if (brief !== null) return { kind: 'ended', brief };
      if (!open || row === null) return { kind: 'gone' };
      alive();
      await sleep(lookEveryMs);
    }
    return { kind: 'running' };
  });
}

async function isOpen(client: Client, workflowId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
