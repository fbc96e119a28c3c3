// The simulated Microsoft cloud as a process of its own, so that what it computes does not hold up anything else.
import path from 'node:path';
import { z } from 'zod';
import { startOwn, whenReady } from './childProcess.ts';
import { isFree } from './ports.ts';

const startTimeoutMs = 30_000;
const stopGraceMs = 3_000;
/** The variable by which the connections of the demo name the simulated client's secret. */
const secretVariable = 'TIDEMARK_SECRET_SIMULATOR';

/** Where its container registries are, so that their images keep their names from one start to the next; elsewhere where these are taken. */
const registryPorts = [45_610, 45_611, 45_612, 45_613];

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
  const free = (await Promise.all(registryPorts.map(isFree))).every(Boolean);
  const sizes = ['--users', String(of.users), '--registries', String(registryPorts.length - 1)];
  const args = [...sizes, '--registry-port', free ? String(registryPorts[0]) : '0', '--ca-file', caFile];
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
