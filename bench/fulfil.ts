// node bench/main.ts --fulfil [--orders 10000] [--json]: a file of orders written to a tenant of 10,000 users, and the same file sent again.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { defaultRoles, writeRoles } from '../simulator/permissions.ts';
import { isLinked } from '../simulator/links.ts';
import { Tenant } from '../simulator/tenant.ts';
import { property } from '../simulator/views.ts';
import { taskQueues } from '../src/workflows/ids.ts';
import type { FulfilStatus } from '../src/workflows/messages.ts';
import { type Installation, startInstallation, workerRole } from './support/installation.ts';
import { startMeasuredPostgres } from './support/postgres.ts';

const users = 10_000;
const groups = 100;
const connection = 'bench-orders';

interface Sending {
  readonly status: FulfilStatus;
  readonly seconds: number;
  readonly ordersPerSecond: number;
  /** HTTP requests of the directory, and what they carried out in it. */
  readonly requests: number;
  readonly writes: number;
  readonly requestsPerOrder: number;
  readonly statementsPerOrder: number;
  readonly history: { readonly events: number; readonly bytes: number };
}

export interface FulfilFigures {
  readonly orders: number;
  readonly first: Sending;
  /** The same file: answered from the ledger. */
  readonly again: Sending;
  /** The most that the worker held. */
  readonly peakBytes: number;
}

/** Whether each order was carried out, and nothing twice. */
export function isCarriedOut({ orders, first, again }: FulfilFigures): boolean {
  return first.status.executed === orders && again.status.executed === orders && again.writes === 0;
}

export async function measureFulfil(orders: number, note: (line: string) => void): Promise<FulfilFigures> {
  const postgres = await startMeasuredPostgres();
  const stops: (() => Promise<void>)[] = [() => postgres.stop()];
  try {
    note('Starting a simulator, Temporal and a worker.');
    const installation = await startInstallation(postgres.url, users);
    stops.push(() => installation.stop());
    await installation.simulator.configure({ roles: [...defaultRoles, ...writeRoles], writeQuota: null });
    const file = 'orders.ndjson';
    writeFileSync(path.join(installation.ordersDirectory, file), ndjsonOf(orders, new Tenant(installation.shape)));
    note(`Writing ${orders} orders.`);
    const first = await send(installation, file, 'first');
    note('Sending the same file again.');
    const again = await send(installation, file, 'again');
    return { orders, first, again, peakBytes: installation.worker.peakBytes() };
  } finally {
    for (const stop of stops.toReversed()) await stop();
    note('All is stopped.');
  }
}

async function send(of: Installation, file: string, turn: string): Promise<Sending> {
  await of.simulator.resetRequests();
  await of.database.query('select pg_stat_statements_reset()');
  const startedAt = performance.now();
  const handle = await of.client.workflow.start('fulfil', {
    workflowId: `bench:${turn}`,
    taskQueue: taskQueues.control,
    args: [{ connection, path: file }],
  });
  const status: FulfilStatus = await handle.result();
  const seconds = (performance.now() - startedAt) / 1000;
  const [spent] = await of.database.query<{ statements: number }>(
    'select sum(calls)::bigint as statements from pg_stat_statements where userid = $1::regrole and toplevel',
    [workerRole],
  );
  const seen = (await of.simulator.requests()).filter(({ phase }) => phase !== 'token' && phase !== 'discovery');
  const { historyLength, historySize } = await handle.describe();
  return {
    status,
    seconds,
    ordersPerSecond: status.total / seconds,
    requests: seen.length,
    writes: seen.flatMap(({ items }) => items.filter((item) => !item.startsWith('GET '))).length,
    requestsPerOrder: seen.length / status.total,
    statementsPerOrder: (spent?.statements ?? Number.NaN) / status.total,
    history: { events: historyLength, bytes: historySize ?? Number.NaN },
  };
}

/** Of ten orders: two new users, four members (one of them a new user), three changes, one that disables a new user. All can be carried out. */
function ndjsonOf(orders: number, tenant: Tenant): string {
  const changed = someOf(tenant, 'user', orders, (index) => property(tenant, { kind: 'user', index }, 'onPremisesSyncEnabled') !== true);
  const filled = someOf(tenant, 'group', groups, (index) => property(tenant, { kind: 'group', index }, 'isAssignableToRole') !== true);
  let joining = 0;
  const join = (turn: number): { readonly key: string; readonly member: string } => {
    const group = filled[turn % filled.length] ?? 0;
    for (;;) {
      const index = joining % tenant.count('user');
      joining += 1;
      const member = tenant.id({ kind: 'user', index });
      if (!isLinked(tenant, { kind: 'group', index: group }, 'members', member))
        return { key: tenant.id({ kind: 'group', index: group }), member };
    }
  };
  const lines = Array.from({ length: orders }, (_, turn) => {
    const [round, place] = [Math.floor(turn / 10), turn % 10];
    const id = `o-${turn}`;
    const made = `o-${round * 10}`;
    if (place < 2) return { id, action: 'create', type: 'user', values: person(turn) };
    if (place === 2) return { id, action: 'addMember', type: 'group', key: join(turn).key, member: made };
    if (place < 6) return { id, action: 'addMember', type: 'group', ...join(turn) };
    if (place < 9) {
      const key = tenant.id({ kind: 'user', index: changed[turn % changed.length] ?? 0 });
      return { id, action: 'update', type: 'user', key, values: { jobTitle: `Job ${turn}`, department: null } };
    }
    return { id, action: 'disable', type: 'user', key: made };
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function person(turn: number): object {
  const name = `bench${turn}`;
  return {
    accountEnabled: true,
    displayName: `Bench ${turn}`,
    mailNickname: name,
    userPrincipalName: `${name}@contoso.example`,
    passwordProfile: { password: 'env:TIDEMARK_SECRET_ORDER' },
  };
}

function someOf(tenant: Tenant, kind: 'user' | 'group', most: number, suits: (index: number) => boolean): number[] {
  const found: number[] = [];
  for (let index = 0; index < tenant.count(kind) && found.length < most; index += 1) if (suits(index)) found.push(index);
  return found;
}
