// tidemark up: the stack of TIDEMARK_HOME, until Ctrl-C. Starting it again goes on where it was.
import { createLogger } from '../../log.ts';
import type { StackFile } from '../../stack/stackFile.ts';
import { startStack } from '../../stack/up.ts';
import type { Context } from '../context.ts';
import { untilStopped } from '../signals.ts';

interface UpOptions {
  readonly worker: boolean;
  readonly simulator?: true;
  /** Of the simulated tenant, in users. */
  readonly size: number;
}

export async function up(context: Context, options: UpOptions): Promise<void> {
  const { output } = context;
  const config = await context.config();
  const stopped = untilStopped();
  const stack = await startStack({
    config,
    logger: createLogger(config.log),
    worker: options.worker,
    simulatedUsers: options.simulator === true ? options.size : null,
    note: (line) => output.note(line),
  });
  try {
    const addresses = { ...stack.addresses, databaseUrl: withoutPassword(stack.addresses.databaseUrl) };
    await output.one(addresses, { text: () => output.table(partsOf(addresses), columns), rows: partsOf(addresses), columns });
    output.note(`Logs: ${stack.logs}. Ctrl-C ends all of it.`);
    await stopped;
    output.note('Ending: the pages under way are finished.');
  } finally {
    await stack.stop();
  }
}

interface Part {
  readonly part: string;
  readonly address: string;
}

const columns = (['part', 'address'] as const).map((key) => ({ title: key, value: (row: Part) => row[key] }));

function partsOf({ temporalAddress, uiAddress, databaseUrl, simulator }: StackFile): Part[] {
  return [
    { part: 'Temporal', address: temporalAddress },
    ...(uiAddress === null ? [] : [{ part: 'Temporal UI', address: uiAddress }]),
    { part: 'PostgreSQL', address: databaseUrl },
    ...(simulator === null
      ? []
      : [
          { part: 'simulated Microsoft cloud', address: simulator.origin },
          { part: 'its tenant', address: simulator.tenantId },
          { part: 'its client', address: simulator.clientId },
          { part: 'its CA file', address: simulator.caFile },
        ]),
  ];
}

/** TIDEMARK_DATABASE_URL may hold one; stdout is no place for it. */
const withoutPassword = (url: string): string => url.replace(/^([a-z]+:\/\/[^:@/]*):[^@/]*@/, '$1@');
