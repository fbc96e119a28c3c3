// A Temporal development server of our own: started apart from this process, kept running over it, known again by its process file.
import { Connection } from '@temporalio/client';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { asTidemarkError, TidemarkError } from '../errors.ts';
import { freePort, isFree } from './ports.ts';
import { endProcess, isAlive, nameOf, readProcessFile, type ProcessName } from './process.ts';
import { findTemporalBinary, temporalOrigins } from './temporalBinary.ts';

/** Temporal's own: where its command line and people look first. */
const usualPorts = { port: 7233, uiPort: 8233 } as const;
const readyTimeoutMs = 60_000;
const connectTimeoutMs = 1_500;
const stopGraceMs = 10_000;

const portsSchema = z.object({ port: z.int(), uiPort: z.int() });
type Ports = z.infer<typeof portsSchema>;

export interface TemporalServer {
  /** host:port */
  readonly address: string;
  readonly uiAddress: string;
  readonly process: ProcessName;
}

const files = (home: string): { data: string; process: string; ports: string; log: string; bin: string } => ({
  data: path.join(home, 'temporal.db'),
  process: path.join(home, 'temporal.process.json'),
  ports: path.join(home, 'temporal.ports.json'),
  log: path.join(home, 'temporal.log'),
  bin: path.join(home, 'bin'),
});

/**
 * The server of this home: the one that still runs (after kill -9 of what started it), or a new one on the same data and, when they are
 * free, the same ports. `more` are further words of its command line.
 * @throws ORCHESTRATOR_UNAVAILABLE when no binary is found or it does not get ready.
 */
export async function ensureTemporalServer(home: string, more: readonly string[] = []): Promise<TemporalServer> {
  const { bin, ports: portsFile, process: processFile } = files(home);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const last = readPorts(portsFile);
  const running = readProcessFile(processFile);
  if (last !== null && running !== null && isAlive(running)) {
    await whenServing(addressOf(last.port), running);
    return { address: addressOf(last.port), uiAddress: uiOf(last.uiPort), process: running };
  }
  const binary = await findTemporalBinary(temporalOrigins(bin));
  for (const wanted of [last, usualPorts]) {
    if (wanted === null || !(await isFree(wanted.port)) || !(await isFree(wanted.uiPort))) continue;
    try {
      return await start(home, binary, { ports: wanted, more });
    } catch (error) {
      // Somebody took a port in between, or else the next try shows the same failure.
      if (asTidemarkError(error).code !== 'ORCHESTRATOR_UNAVAILABLE') throw error;
    }
  }
  return start(home, binary, { ports: { port: await freePort(), uiPort: await freePort() }, more });
}

/** Ends it, and waits until its data is written. Does nothing when it is gone. */
export async function stopTemporalServer(home: string, server: TemporalServer): Promise<void> {
  await endProcess(server.process, stopGraceMs);
  rmSync(files(home).process, { force: true });
}

async function start(
  home: string,
  binary: string,
  { ports, more }: { readonly ports: Ports; readonly more: readonly string[] },
): Promise<TemporalServer> {
  const { data, log, ports: portsFile, process: processFile } = files(home);
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', `${ports.port}`, '--ui-port', `${ports.uiPort}`, ...more];
  const out = openSync(log, 'a', 0o600);
  // A session of its own: Ctrl-C and the end of this process do not reach it.
  const child = spawn(binary, [...args, '--db-filename', data, '--log-level', 'warn'], { detached: true, stdio: ['ignore', out, out] });
  closeSync(out);
  child.on('error', () => undefined);
  const name = child.pid === undefined ? null : nameOf(child.pid);
  if (name === null) throw unready(`${binary} did not start`, log);
  child.unref();
  writeFileSync(processFile, JSON.stringify(name), { mode: 0o600 });
  try {
    await whenServing(addressOf(ports.port), name);
  } catch (error) {
    await endProcess(name, stopGraceMs);
    throw unready(asTidemarkError(error).message, log);
  }
  writeFileSync(portsFile, JSON.stringify(ports));
  return { address: addressOf(ports.port), uiAddress: uiOf(ports.uiPort), process: name };
}

/** @throws ORCHESTRATOR_UNAVAILABLE when the process ends first or the time is up. */
async function whenServing(address: string, server: ProcessName): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: connectTimeoutMs });
      try {
        await connection.workflowService.describeNamespace({ namespace: 'default' });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (!isAlive(server)) throw unready('The Temporal server ended before it was ready', null);
      if (Date.now() > deadline) {
        throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `The Temporal server at ${address} was not ready in time.`, { cause: error });
      }
      await sleep(50);
    }
  }
}

const unready = (why: string, log: string | null): TidemarkError =>
  new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `${why.replace(/\.$/, '')}.`, log === null ? {} : { hint: `Its log is ${log}.` });

const addressOf = (port: number): string => `127.0.0.1:${port}`;
const uiOf = (port: number): string => `http://127.0.0.1:${port}`;

function readPorts(file: string): Ports | null {
  try {
    return portsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}
