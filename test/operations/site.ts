// The stack that the suites of operators share, and what they reach it by: set before the first test.
import { spawn } from 'node:child_process';
import { Client, Connection } from '@temporalio/client';
import { type CliStack, startCliStack } from '../cli/stack.ts';
import { type CommandLine, openCommandLine } from '../cli/tidemark.ts';
import { nodeEnvironment, preparedMain } from '../support/code.ts';
import { eventually } from '../support/waiting.ts';
import { type TemporalCli, temporalCli } from './temporalCli.ts';

export let stack: CliStack;
export let temporal: TemporalCli;
let connection: Connection;
/** For what is asked again and again, or sent by the dozen. */
export let client: Client;

export async function startSite(): Promise<void> {
  stack = await startCliStack({ shared: 'database', worker: true });
  temporal = await temporalCli(stack);
  connection = await Connection.connect({ address: stack.env['TEMPORAL_ADDRESS'] ?? '' });
  client = new Client({ connection });
}

export async function stopSite(): Promise<void> {
  await connection?.close();
  await stack?.stop();
}

/** A new namespace without our search attributes, with verbs and a worker of its own, which has a wrong secret. */
export interface Elsewhere {
  readonly call: CommandLine['call'];
  readonly temporal: TemporalCli;
  readonly client: Client;
  stop(): Promise<void>;
}

export async function startElsewhere(namespace: string, env: Readonly<Record<string, string>> = {}): Promise<Elsewhere> {
  const { code, stderr } = await temporal('operator', 'namespace', 'create', '-n', namespace);
  if (code !== 0) throw new Error(stderr);
  const there = { TEMPORAL_NAMESPACE: namespace };
  const worker = spawn(process.execPath, [await preparedMain(), 'worker'], {
    cwd: stack.directory,
    env: { ...process.env, ...nodeEnvironment, ...stack.env, ...there, ...env, TIDEMARK_SECRET_SIMULATOR: 'wrong' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  let log = '';
  worker.stderr.on('data', (part: Buffer) => (log += part.toString()));
  try {
    await eventually('the worker serves', 120_000, () => log.includes('The worker serves.'));
  } catch (error) {
    worker.kill('SIGKILL');
    throw error;
  }
  const commandLine = openCommandLine({ cwd: stack.directory, env: { ...stack.env, ...there, ...env } });
  return {
    call: commandLine.call,
    temporal: await temporalCli(stack, there),
    client: new Client({ connection, namespace }),
    async stop() {
      await commandLine.stop();
      worker.kill('SIGTERM');
      await ended;
    },
  };
}
