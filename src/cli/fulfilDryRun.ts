// fulfil --dry-run: the requests of a file's orders, as far as they can be known before anything is sent. Sends nothing, notes nothing.
// MUST show no password: not even the reference to one.
import { endpointsOf } from '../connectors/clouds.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { passwordOf, withPassword } from '../fulfil/password.ts';
import { readOrders, surveyOrders } from '../fulfil/read.ts';
import { stepsOf } from '../fulfil/request.ts';
import type { JsonObject } from '../model.ts';
import type { Context } from './context.ts';

interface Shown {
  readonly order: string;
  readonly method: string | null;
  readonly path: string | null;
  readonly body: JsonObject | null;
  /** Why nothing would be sent. */
  readonly reason: string | null;
}

export async function dryRun({ output }: Context, spec: ConnectionSpec, file: string): Promise<void> {
  await surveyOrders(file);
  await output.rows(requestsOf(spec, file), {
    columns: [
      { title: 'order', value: (row) => row.order },
      { title: 'method', value: (row) => row.method },
      { title: 'path', value: (row) => row.path ?? row.reason },
      { title: 'body', value: (row) => (row.body === null ? null : JSON.stringify(row.body)) },
    ],
  });
}

async function* requestsOf(spec: ConnectionSpec, file: string): AsyncGenerator<Shown> {
  const made = new Set<string>();
  const standIn = (key: string): string => (made.has(key) ? `{${key}}` : key);
  const base = endpointsOf(spec).graph;
  for await (const { assignment, order, reason } of readOrders(file)) {
    if (order === null) {
      yield { order: assignment, method: null, path: null, body: null, reason };
      continue;
    }
    if (order.action === 'create') made.add(order.id);
    const member = order.member === null ? null : standIn(order.member);
    const object = order.action === 'create' ? `{${order.id}}` : standIn(order.key ?? '');
    for (const { method, path, body, afterLoss } of stepsOf(order, { base, object, member, connection: spec.name, assignment: null }))
      if (afterLoss !== true) yield { order: order.id, method, path, body: body === null ? null : masked(body), reason: null };
  }
}

const masked = (body: JsonObject): JsonObject => (passwordOf(body) === null ? body : withPassword(body, '***'));
