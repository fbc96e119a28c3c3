// One tenant and all that pulls it: a simulator, a database, a Temporal server and a worker, each a process, started as a user would, and
// connections to it.
import { Client, Connection } from '@temporalio/client';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { controlSimulator, type SimulatorControl } from '../../simulator/control.ts';
import type { EstateOptions } from '../../simulator/resourceGraph/shape.ts';
import type { ShapeOptions } from '../../simulator/shape.ts';
import { startOwn, whenReady } from '../../src/stack/childProcess.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/schema.ts';
import { freshDatabaseUrl } from '../../test/support/databases.ts';
import { startTemporal } from '../../test/support/temporal.ts';
import { startWorker, type Worker } from './worker.ts';

/** What is pulled of a tenant, by the name of the connection that pulls it. */
const connections = {
  bench: { connector: 'entra-identity', streams: ['users', 'groups', 'roles', 'appRoleAssignments'] },
  'bench-devices': { connector: 'entra-devices', streams: ['devices'] },
  'bench-orders': { connector: 'identity-manager', streams: ['users', 'groups'] },
} as const;
/** What is pulled of an estate: every stream that there is. */
const estateConnections = { 'bench-cloud': { connector: 'defender-for-cloud' } } as const;
export type ConnectionName = keyof typeof connections | keyof typeof estateConnections;

const secretVariable = 'TIDEMARK_SECRET_BENCH';
/** Service principals stay the same in every tenant; two of them have more assignments than an expanded page shows. */
const servicePrincipals = { servicePrincipals: 217, largeServicePrincipals: 2 };
const simulatorTimeoutMs = 30_000;

const announced = z.object({
  origin: z.string(),
  managementOrigin: z.string(),
  /** Hosts of the container registries, where an estate is simulated. */
  registries: z.array(z.string()).default([]),
  tenantId: z.string(),
  clientId: z.string(),
  clientSecret: z.string(),
});

export interface Installation {
  readonly shape: ShapeOptions;
  readonly simulator: SimulatorControl;
  readonly source: z.infer<typeof announced> & { readonly caPem: string };
  /** Where its worker takes files of orders from. */
  readonly ordersDirectory: string;
  readonly databaseUrl: string;
  readonly database: Database;
  readonly client: Client;
  worker: Worker;
  /** Starts another worker in the place of one that is gone. */
  startWorker(env?: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts everything and applies the connections, those of the estate where there is one; nothing has been pulled yet. */
export async function startInstallation(postgresUrl: string, users: number, estate: EstateOptions | null = null): Promise<Installation> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-bench-'));
  const stops: (() => Promise<void>)[] = [async () => rmSync(home, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const shape = { users, ...servicePrincipals };
    const { source, end } = await startSimulator(home, shape, estate);
    stops.push(end);
    const databaseUrl = await freshDatabaseUrl(postgresUrl);
    const database = openDatabase({ url: databaseUrl, applicationName: 'tidemark-bench', maxConnections: 2 });
    stops.push(() => database.close());
    await migrate(database);
    await database.query('create extension pg_stat_statements');
    const temporal = await startTemporal();
    stops.push(() => temporal.stop());
    const link = await Connection.connect({ address: temporal.address });
    stops.push(() => link.close());

    const env = {
      TIDEMARK_HOME: home,
      TIDEMARK_DATABASE_URL: asRole(databaseUrl, workerRole),
      TEMPORAL_ADDRESS: temporal.address,
      [secretVariable]: source.clientSecret,
      TIDEMARK_ORDERS_DIR: home,
      TIDEMARK_SECRET_ORDER: 'xWwvJ]6NMw+bWH-d',
    };
    const installation: Installation = {
      shape,
      simulator: controlSimulator(source.origin, source.caPem),
      source,
      ordersDirectory: home,
      databaseUrl,
      database,
      client: new Client({ connection: link }),
      worker: await startWorker(home, env),
      async startWorker(more = {}) {
        installation.worker = await startWorker(home, { ...env, ...more });
      },
      stop,
    };
    stops.push(() => installation.worker.stop());
    await applyConnections(home, env, source, estate === null ? connections : estateConnections);
    return installation;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The worker and the command line have a role of their own, so that PostgreSQL counts their statements apart from the bench's. */
export const workerRole = 'tidemark';

function asRole(url: string, role: string): string {
  const address = new URL(url);
  address.username = role;
  return address.href;
}

async function startSimulator(
  home: string,
  shape: ShapeOptions,
  estate: EstateOptions | null,
): Promise<{ readonly source: Installation['source']; readonly end: () => Promise<void> }> {
  const caFile = path.join(home, 'ca.pem');
  const logFile = path.join(home, 'simulator.log');
  const sizes = {
    users: shape.users,
    'service-principals': shape.servicePrincipals,
    'large-service-principals': shape.largeServicePrincipals,
  };
  const inAzure = estate === null ? {} : { 'registry-port': 0, ...estateArguments(estate) };
  const args = [
    ...Object.entries({ ...sizes, ...inAzure }).flatMap(([name, value]) => [`--${name}`, String(value)]),
    '--no-quota',
    '--ca-file',
    caFile,
  ];
  const child = startOwn({ module: '../simulator/main', args, env: {}, logFile });
  const message = await whenReady(child, { what: 'The simulator', logFile, timeoutMs: simulatorTimeoutMs });
  const end = async (): Promise<void> => void child.kill('SIGKILL');
  return { source: { ...announced.parse(message), caPem: readFileSync(caFile, 'utf8') }, end };
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const estateArguments = (estate: EstateOptions): object =>
  Object.fromEntries(Object.entries(estate).map(([name, value]) => [kebab(name), value]));

interface Pulled {
  readonly connector: string;
  /** @default those of the connector */
  readonly streams?: readonly string[];
}

/** By the command line, from files. */
async function applyConnections(
  home: string,
  env: Readonly<Record<string, string>>,
  source: Installation['source'],
  pulled: Readonly<Record<string, Pulled>>,
): Promise<void> {
  const files = Object.entries(pulled).map(([name, of]) => {
    const file = path.join(home, `${name}.json`);
    writeFileSync(file, JSON.stringify(specOf(name, of, source)));
    return file;
  });
  await promisify(execFile)(process.execPath, [commandLine, 'apply', '--skip-test', '-f', ...files], { env: { ...process.env, ...env } });
}

function specOf(name: string, { connector, streams }: Pulled, source: Installation['source']): object {
  const azure = name in estateConnections ? { arm: source.managementOrigin, registries: source.registries } : {};
  return {
    name,
    connector,
    credentials: { tenantId: source.tenantId, clientId: source.clientId, clientSecret: `env:${secretVariable}` },
    cloud: 'custom',
    endpoints: { login: source.origin, graph: `${source.origin}/v1.0`, ...azure, caFile: 'ca.pem' },
    // Out of the way: what its changes remove is to be removed, not held.
    guard: { absolute: 1_000_000, percent: 100, minimum: 1_000_000, dailyPercent: 100 },
    profiles: [{ name: 'default', ...(streams === undefined ? {} : { streams }) }],
  };
}

export const commandLine = path.join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
