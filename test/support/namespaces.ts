// A Temporal namespace of its own for a suite, on the server that all suites share.
import { randomUUID } from 'node:crypto';
import { Client, type Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { registerSearchAttributes } from '../../src/stack/searchAttributes.ts';
import { eventually } from './waiting.ts';

/** A new namespace as `up` makes its own: with the search attributes. It goes with the server. */
export async function freshNamespace(connection: Connection): Promise<string> {
  const namespace = `test-${randomUUID()}`;
  const client = new Client({ connection, namespace });
  await client.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
  // The server's own caches learn of a namespace a little later.
  await eventually('the namespace is known', 50_000, async () => {
    await client.workflowService.describeNamespace({ namespace });
    await registerSearchAttributes(client);
    return true;
  });
  return namespace;
}
