// The workflows with one change that replay must refuse: a timer more in each.
import { sleep } from '@temporalio/workflow';
import type { RunBrief } from '../../src/model.ts';
import * as released from '../../src/workflows/index.ts';

export async function connection(...input: Parameters<typeof released.connection>): Promise<string> {
  await sleep(1);
  return released.connection(...input);
}

export async function pull(...input: Parameters<typeof released.pull>): Promise<RunBrief> {
  await sleep(1);
  return released.pull(...input);
}

export async function scheduledPull(...input: Parameters<typeof released.scheduledPull>): ReturnType<typeof released.scheduledPull> {
  await sleep(1);
  return released.scheduledPull(...input);
}

export async function reconcile(): ReturnType<typeof released.reconcile> {
  await sleep(1);
  return released.reconcile();
}

export async function testConnection(...input: Parameters<typeof released.testConnection>): ReturnType<typeof released.testConnection> {
  await sleep(1);
  return released.testConnection(...input);
}

export async function fulfil(...input: Parameters<typeof released.fulfil>): ReturnType<typeof released.fulfil> {
  await sleep(1);
  return released.fulfil(...input);
}
