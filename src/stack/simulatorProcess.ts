// The simulated Microsoft cloud as a process of its own, so that what it computes does not hold up anything else.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { startOwn, whenReady } from './childProcess.ts';
import { isFree } from './ports.ts';

const startTimeoutMs = 30_000;
const stopGraceMs = 3_000;
/** The variable by which the connections of the demo name the simulated client's secret. */
const secretVariable = 'TIDEMARK_SECRET_SIMULATOR';

const registries = 3;
/** Below the ports that systems give away. */
const lowestPort = 20_000;
const ports = 12_000;

/** Where its container registries are, and their storage: for a home always the same, so that images keep their names from one start to the next. */
function portsOf(home: string): number[] {
  const first = lowestPort + (createHash('sha256').update(home).digest().readUInt32BE() % ports);
  return Array.from({ length: registries + 1 }, (_, index) => first + index);
}

const announced = z.object({
  origin: z.string(),
  managementOrigin: z.string(),
  registries: z.array(z.string()),
  tenantId: z.string(),
  clientId: z.string(),
  clientSecret: z.string(),
});

export interface RunningSimulator extends z.infer<typeof announced> {
  readonly caFile: string;
  readonly secretVariable: string;
  stop(): Promise<void>;
}

/** @throws INTERNAL naming the log when it does not get ready. */
export async function startSimulatorProcess(of: { readonly home: string; readonly users: number }): Promise<RunningSimulator> {
  const caFile = path.join(of.home, 'simulator-ca.pem');
  const logFile = path.join(of.home, 'simulator.log');
  const wanted = portsOf(of.home);
  const free = (await Promise.all(wanted.map(isFree))).every(Boolean);
  const sizes = ['--users', String(of.users), '--registries', String(registries)];
  const args = [...sizes, '--registry-port', free ? String(wanted[0]) : '0', '--ca-file', caFile];
  const child = startOwn({ module: '../simulator/main', args, env: {}, logFile });
  const message = await whenReady(child, { what: 'The simulator', logFile, timeoutMs: startTimeoutMs });
  return {
    ...announced.parse(message),
    caFile,
    secretVariable,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopGraceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
