// A place where orders are written: a tenant that takes writes, a connection of identity-manager, and files of orders that a real worker carries out.
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defaultRoles, writeRoles } from '../../simulator/permissions.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { taskQueues } from '../../src/workflows/ids.ts';
import type { FulfilStatus } from '../../src/workflows/messages.ts';
import { atSite, type Servers, type Site, type Subject } from '../crash/site.ts';
import type { WorkerCode } from '../crash/workerProcess.ts';

/** What orders of the rarer types need. */
const rarelyGranted = ['Application.ReadWrite.All', 'AdministrativeUnit.ReadWrite.All', 'RoleManagement.ReadWrite.Directory'];

/** Small enough to be pulled in a second; no order waits for a quota. */
const tenant: Subject = {
  tenant: {
    users: 60,
    groups: 12,
    servicePrincipals: 5,
    settings: { roles: [...defaultRoles, ...writeRoles, ...rarelyGranted], writeQuota: null, quota: null },
  },
  connection: { connector: 'identity-manager' },
  change: () => undefined,
  quietRequests: 4,
};

/** Of users that orders make: as strong as the directory asks for. */
const password = 'xWwvJ]6NMw+bWH-d';

export interface Order {
  readonly id: string;
  readonly action: string;
  readonly type: string;
  readonly key?: string;
  readonly member?: string;
  readonly values?: Readonly<Record<string, unknown>>;
}

export interface Result {
  readonly state: string;
  readonly message: string;
}

export interface FulfilSite extends Site {
  /** The worker's directory of orders. */
  readonly directory: string;
  /** Writes a file of orders and starts its workflow. */
  send(orders: readonly Order[], connection?: string): Promise<Sent>;
  /** The same, carried out: by order what its results file says. */
  carryOut(orders: readonly Order[], connection?: string): Promise<ReadonlyMap<string, Result>>;
}

interface Sent {
  /** Waits for the end of all orders. */
  readonly results: () => Promise<ReadonlyMap<string, Result>>;
  readonly status: () => Promise<FulfilStatus>;
}

/** Opens a site for the length of `work`. No worker runs yet. */
export async function atFulfilSite<T>(
  of: Servers & { readonly code: WorkerCode; readonly connection?: Partial<Subject['connection']> },
  work: (site: FulfilSite) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-orders-'));
  try {
    const subject = { ...tenant, connection: { ...tenant.connection, ...of.connection } };
    return await atSite({ ...of, subject, env: { TIDEMARK_ORDERS_DIR: directory, TIDEMARK_SECRET_ORDER: password } }, (site) =>
      work(withOrders(site, directory)),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function withOrders(site: Site, directory: string): FulfilSite {
  const send: FulfilSite['send'] = async (orders, connection = site.spec.name) => {
    const file = `${randomUUID()}.ndjson`;
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, file), orders.map((order) => `${JSON.stringify(order)}\n`).join(''));
    const handle = await site.client.workflow.start('fulfil', {
      workflowId: `fulfil:${file}`,
      taskQueue: taskQueues.control,
      args: [{ connection, path: file }],
    });
    return {
      results: async () => {
        await handle.result();
        return readResults(path.join(directory, `${file}.results.csv`));
      },
      status: () => handle.query<FulfilStatus>('orders'),
    };
  };
  return { ...site, directory, send, carryOut: async (orders, connection) => (await send(orders, connection)).results() };
}

/** AssignmentId,ProvisioningState,Message,ChangeType */
export function readResults(file: string): ReadonlyMap<string, Result> {
  const fields = [...readFileSync(file, 'utf8').matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
  const rows = Array.from({ length: fields.length / 4 }, (_, row) => fields.slice(row * 4, row * 4 + 4));
  return new Map(rows.slice(1).map(([id = '', state = '', message = '']) => [id, { state, message }]));
}

/** What the directory was asked to write, request by request, `METHOD path STATUS`, in the order it was carried out. */
export function writesOf(simulator: Simulator): string[] {
  const all = simulator
    .requests()
    .flatMap(({ method, path: at, status, items, phase }) => (phase === 'batch' ? items : [`${method} ${at} ${status}`]));
  return all.filter((line) => /^(POST|PATCH|DELETE|PUT) \/v1\.0\//.test(line)).map((line) => line.replace(' /v1.0/', ' '));
}
