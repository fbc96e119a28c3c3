// A stack as `tidemark up --simulator` starts it, in a directory of its own, for suites that call the command line.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { z } from 'zod';
import { controlSimulator, type SimulatorControl } from '../../simulator/control.ts';
import { nodeEnvironment, preparedMain } from '../support/code.ts';
import { freshDatabaseUrl } from '../support/databases.ts';
import { freshNamespace } from '../support/namespaces.ts';
import { givePgliteData } from '../support/pglite.ts';
import { postgresUrl } from '../support/stores.ts';
import { sharedTemporalAddress, startUnkilledTemporal } from '../support/temporal.ts';
import { type CommandLine, openCommandLine } from './tidemark.ts';

/** Of the simulated tenant: enough for what the guard holds, and few, because runs cost what they read. */
const users = 300;

export interface CliStack {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly simulator: SimulatorControl;
  /** Of the stack's directory. */
  readonly call: CommandLine['call'];
  readonly callWith: CommandLine['callWith'];
  /** Writes `NAME.yaml` for a connection to the simulated tenant and answers the file's name. */
  write(name: string, changed?: Changed): string;
  stop(): Promise<void>;
}

interface Changed {
  /** @default entra-identity */
  readonly connector?: string;
  /** In YAML. */
  readonly settings?: string;
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly secret?: string;
  /** In the place of a secret. */
  readonly certificate?: string;
  readonly profiles?: string;
  readonly title?: string;
}

export interface StackOptions {
  readonly worker: boolean;
  /**
   * On the servers that suites share, where neither `up` nor the servers are what is tested: those of its own cost seconds of computing. The database
   * only, where it is to have a Temporal for itself.
   */
  readonly shared?: 'all' | 'database';
  /** Added to the worker's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const addresses = z.object({
  databaseUrl: z.string(),
  simulator: z.object({
    origin: z.string(),
    managementOrigin: z.string(),
    registries: z.array(z.string()),
    tenantId: z.string(),
    clientId: z.string(),
    caFile: z.string(),
  }),
});

export async function startCliStack(options: StackOptions): Promise<CliStack> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-cli-'));
  const servers = await serversOf(options, directory);
  const { env } = servers;
  const main = await preparedMain();
  const words = ['up', '--simulator', '--size', String(users), '--json', ...(options.worker ? [] : ['--no-worker'])];
  const up = spawn(process.execPath, [main, ...words], {
    cwd: directory,
    env: { ...process.env, ...nodeEnvironment, ...env, ...options.env },
  });
  const commandLine = openCommandLine({ cwd: directory, env });
  const stop = async (): Promise<void> => {
    await commandLine.stop();
    await ended(up);
    await servers.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const { simulator } = addresses.parse(JSON.parse(await firstOutput(up)));
    const ca = readFileSync(simulator.caFile, 'utf8');
    return {
      directory,
      env,
      simulator: controlSimulator(simulator.origin, ca),
      call: commandLine.call,
      callWith: commandLine.callWith,
      write(name, changed = {}) {
        writeFileSync(path.join(directory, `${name}.yaml`), connectionFile(name, simulator, changed));
        return `${name}.yaml`;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Servers {
  /** How the stack finds them. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

async function serversOf({ shared }: StackOptions, directory: string): Promise<Servers> {
  const { env, stop } = shared === 'all' ? await sharedTemporal() : await ownTemporal();
  return { env: { ...env, ...(await databaseOf(shared, directory)) }, stop };
}

async function ownTemporal(): Promise<Servers> {
  const { address, stop } = await startUnkilledTemporal();
  return { env: { TEMPORAL_ADDRESS: address }, stop };
}

/** A namespace of its own. */
async function sharedTemporal(): Promise<Servers> {
  const address = sharedTemporalAddress();
  const connection = await Connection.connect({ address });
  const env = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: await freshNamespace(connection) };
  await connection.close();
  return { env, stop: () => Promise.resolve() };
}

/** One of its own; the embedded one, which `up` starts, where none is shared or the machine has no PostgreSQL. */
async function databaseOf(shared: StackOptions['shared'], directory: string): Promise<Servers['env']> {
  if (shared !== undefined && postgresUrl !== undefined) return { TIDEMARK_DATABASE_URL: await freshDatabaseUrl(postgresUrl) };
  await givePgliteData(path.join(directory, '.tidemark'));
  return {};
}

function connectionFile(name: string, simulator: z.infer<typeof addresses>['simulator'], changed: Changed): string {
  return `name: ${name}
title: ${changed.title ?? name}
connector: ${changed.connector ?? 'entra-identity'}
credentials:
  tenantId: ${changed.tenantId ?? simulator.tenantId}
  clientId: ${changed.clientId ?? simulator.clientId}
  ${changed.certificate === undefined ? `clientSecret: ${changed.secret ?? 'env:TIDEMARK_SECRET_SIMULATOR'}` : `clientCertificate: ${changed.certificate}`}
cloud: custom
endpoints:
  login: ${simulator.origin}
  graph: ${simulator.origin}/v1.0
${changed.connector === 'defender-for-cloud' ? `  arm: ${simulator.managementOrigin}\n  registries: [${simulator.registries.join(', ')}]\n` : ''}  caFile: ${simulator.caFile}
settings: ${changed.settings ?? '{}'}
${changed.profiles ?? ''}`;
}

/** What `up` prints when everything is ready. */
function firstOutput(up: ChildProcess): Promise<string> {
  let [out, err] = ['', ''];
  return new Promise((resolve, reject) => {
    up.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.trimEnd().endsWith('\n}')) resolve(out);
    });
    up.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
    up.once('exit', (code) => reject(new Error(`"tidemark up" ended with ${code}: ${err}`)));
  });
}

/** Ctrl-C, and killed when that does not help. */
function ended(up: ChildProcess): Promise<void> {
  if (up.exitCode !== null || up.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => up.kill('SIGKILL'), 45_000);
    up.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    up.kill('SIGINT');
  });
}
