// A real Temporal server for tests, on ports and data of its own; it can be killed and started again where it was.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { registerSearchAttributes } from '../../src/stack/searchAttributes.ts';
import { ensureTemporalServer, stopTemporalServer, type TemporalServer } from '../../src/stack/temporalServer.ts';
import { keptPort } from './ports.ts';

/** What has to be fetched once is kept here, whichever test asked for it first. */
const binaries = path.join(import.meta.dirname, '../../node_modules/.cache/tidemark');

// What a crash of the machine would lose does not matter here; what a crash of the server loses does, and it loses nothing without syncing.
const unsynced = ['--sqlite-pragma', 'synchronous=off'];
/** Where nothing kills it, what undoes half a transaction need not outlive it. Nobody looks at its UI. */
const unkilled = [...unsynced, '--sqlite-pragma', 'journal_mode=memory', '--headless'];

interface UnkilledTemporal {
  readonly address: string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface TestTemporal extends UnkilledTemporal {
  /** SIGKILL, as a crash. */
  kill(): void;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
}

/** One that may be killed. */
export function startTemporal(): Promise<TestTemporal> {
  return start(unsynced);
}

/** Computes less than one that may be killed. */
export async function startUnkilledTemporal(): Promise<UnkilledTemporal> {
  const { address, stop } = await start(unkilled);
  return { address, stop };
}

async function start(options: readonly string[]): Promise<TestTemporal> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-temporal-'));
  mkdirSync(binaries, { recursive: true });
  symlinkSync(binaries, path.join(home, 'bin'));
  // The ports it would have had before: never the usual ones, where somebody's own server may be.
  writeFileSync(path.join(home, 'temporal.ports.json'), JSON.stringify({ port: await keptPort(), uiPort: await keptPort() }));
  let server: TemporalServer = await ensureTemporalServer(home, options);
  let guard = endsWithUs(server);
  const connection = await Connection.connect({ address: server.address });
  await registerSearchAttributes(new Client({ connection }));
  await connection.close();
  return {
    address: server.address,
    kill: () => void process.kill(server.process.pid, 'SIGKILL'),
    async restart() {
      guard.kill();
      server = await ensureTemporalServer(home, options);
      guard = endsWithUs(server);
    },
    async stop() {
      guard.kill();
      await stopTemporalServer(home, server);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The server outlives its starter on purpose; in tests it must not, however they end: the pipe closes with this process. */
function endsWithUs(server: TemporalServer): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', `read -r _; kill -9 ${server.process.pid}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  // The pipe itself keeps nobody waiting.
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return guard;
}

/** The server that globalSetup started for all suites. Suites take names of their own, so that they do not meet. */
export function sharedTemporalAddress(): string {
  const address = process.env['TIDEMARK_TEST_TEMPORAL_ADDRESS'];
  if (address === undefined) throw new Error('globalSetup sets TIDEMARK_TEST_TEMPORAL_ADDRESS.');
  return address;
}
