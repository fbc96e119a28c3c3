// tidemark demo: the stack with a simulated tenant and a connection of every connector; a full pull of each, changes in the tenant, a delta
// pull of each, what came of it; then it stays up.
import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { controlSimulator } from '../../../simulator/control.ts';
import { TidemarkError } from '../../errors.ts';
import { createLogger } from '../../log.ts';
import type { RunReport } from '../../model.ts';
import { type Stack, startStack } from '../../stack/up.ts';
import { countAssets } from '../../store/asset.ts';
import { type Context, createContext } from '../context.ts';
import { demoConnections, writeDemoConnection } from '../demoConnections.ts';
import { exit, type ExitCode } from '../errors.ts';
import { type Column, createOutput } from '../output.ts';
import { askForRuns } from '../runToEnd.ts';
import { untilStopped } from '../signals.ts';
import { durationText } from '../words.ts';
import { apply } from './apply.ts';
import { assets } from './assets.ts';
import { findings } from './findings.ts';

/** What happens in the tenant between the two pulls, and as often to its devices. */
const changes = 50;
/** A busy tenant: every so many requests one is refused for a second. */
const throttledEvery = 7;
const sampleQueries = [
  'class:user and userAssetClass.status:INACTIVE',
  'class:directory-user and eventType:UPDATED',
  'class:host and entraDeviceIsCompliant:false and hostAssetClass.operatingSystem:Windows',
];
const sampleFindings = 'cve:CVE-2024-10000';
const sampleRows = 3;

interface DemoOptions {
  readonly once?: true;
  readonly size: number;
}

export async function demo(context: Context, options: DemoOptions): Promise<ExitCode> {
  const { output } = context;
  const config = await context.config();
  const stopped = untilStopped();
  const stack = await startStack({
    config,
    logger: createLogger(config.log),
    worker: true,
    simulatedUsers: options.size,
    note: (line) => output.note(line),
  });
  try {
    const shown = show(context, stack, config.home);
    // Ctrl-C in the middle ends the stack under it; what it says then is of no interest.
    shown.catch(() => undefined);
    const reports = await Promise.race([shown, stopped.then(() => null)]);
    if (reports === null) return exit.failed;
    if (options.once !== true) {
      for (const line of whatNext(stack, config.exportDir)) output.note(line);
      await stopped;
    }
    return reports.every(({ verdict }) => verdict === 'complete') ? exit.done : exit.incomplete;
  } finally {
    output.note('Ending: the pages under way are finished.');
    await stack.stop();
  }
}

async function show(outer: Context, stack: Stack, home: string): Promise<RunReport[]> {
  const { simulator } = stack;
  if (simulator === null) throw new TidemarkError('INTERNAL', 'The demo has no simulator.');
  const { output } = outer;
  // Opened anew: only now the stack file has the addresses.
  const context = createContext(output);
  try {
    const files = demoConnections.map((connection) => writeDemoConnection(home, connection, simulator));
    const applied = await apply({ ...context, output: silent(output.notes) }, { file: files });
    if (applied !== exit.done) throw new TidemarkError('CONFIG_INVALID', 'A connection of the demo failed its test.');
    for (const [index, { name }] of demoConnections.entries())
      output.note(`Connection "${name}" is tested and applied (${files[index] ?? ''}).`);
    const cloud = controlSimulator(simulator.origin, readFileSync(simulator.caFile, 'utf8'));
    await cloud.clearFaults();
    await cloud.addFaults([{ match: '/v1.0/', every: throttledEvery, fault: { kind: 'throttle', retryAfter: 1 } }]);
    const first = await pullAll(context, `Pulling the whole tenant, which throttles every ${throttledEvery}th request`);
    await cloud.mutate(changes);
    await cloud.mutateDevices(changes);
    await cloud.mutateEstate([{ do: 'createVm' }, { do: 'patch', vm: 1, package: 0, rows: 'gone' }, { do: 'addCve', vm: 2, package: 0 }]);
    output.note(
      `The tenant has changed in ${changes} places, its devices in as many; a machine is new, one is patched, one has a new flaw.`,
    );
    const second = await pullAll(context, 'Pulling what changed');
    const reports = [...first, ...second];
    await summary(context, reports);
    return reports;
  } finally {
    await context.close();
  }
}

async function pullAll(context: Context, what: string): Promise<RunReport[]> {
  context.output.note(what);
  const reports: RunReport[] = [];
  for (const { name } of demoConnections) reports.push(...(await pull(context, name)));
  return reports;
}

/** Runs now, follows to the end. */
async function pull(context: Context, name: string): Promise<RunReport[]> {
  const asked = await askForRuns(context, name, { full: false });
  for (const answer of asked.answers) {
    if (answer.outcome !== 'skipped') continue;
    throw new TidemarkError('CONFIG_INVALID', `The demo's run was skipped: ${answer.reason}.`, { hint: `tidemark resume ${name}` });
  }
  return asked.reports();
}

const sum = (
  report: RunReport,
  key: 'read' | 'added' | 'updated' | 'unchanged' | 'removedBySource' | 'swept' | 'requests' | 'throttledMs',
): number => report.streams.reduce((total, stream) => total + stream[key], 0);

const runColumns: readonly Column<RunReport>[] = [
  { title: 'run', value: ({ run }) => run },
  { title: 'mode', value: ({ mode }) => mode },
  { title: 'reason', value: ({ reason }) => reason },
  { title: 'verdict', value: ({ verdict }) => verdict },
  ...(['read', 'added', 'updated', 'unchanged'] as const).map((key): Column<RunReport> => ({
    title: key,
    value: (report) => sum(report, key),
    align: 'right',
  })),
  { title: 'removed', value: (report) => sum(report, 'removedBySource') + sum(report, 'swept'), align: 'right' },
  { title: 'requests', value: (report) => sum(report, 'requests'), align: 'right' },
  { title: 'throttled', value: (report) => durationText(sum(report, 'throttledMs')), align: 'right' },
  {
    title: 'took',
    value: ({ startedAt, finishedAt }) => (finishedAt === null ? null : durationText(Date.parse(finishedAt) - Date.parse(startedAt))),
    align: 'right',
  },
];

async function summary(context: Context, reports: readonly RunReport[]): Promise<void> {
  const { output } = context;
  const database = await context.database();
  const counted = demoConnections.map(async ({ name }) => (await countAssets(database, name)).map((row) => ({ connection: name, ...row })));
  const classes = (await Promise.all(counted)).flat();
  await output.one(
    { runs: reports, assets: classes },
    {
      rows: reports,
      columns: runColumns,
      text: async () =>
        [
          await output.table(reports, runColumns),
          '',
          await output.table(classes, [
            { title: 'connection', value: (row) => row.connection },
            { title: 'class', value: (row) => row.class },
            { title: 'assets', value: (row) => row.count, align: 'right' },
          ]),
        ].join('\n'),
    },
  );
  if (output.format !== 'table') return;
  for (const query of sampleQueries) {
    output.note(`\ntidemark assets '${query}' --limit ${sampleRows}`);
    await assets(context, query, { limit: sampleRows });
  }
  output.note(`\ntidemark findings '${sampleFindings}' --limit ${sampleRows}`);
  await findings(context, sampleFindings, { limit: sampleRows });
}

function whatNext({ addresses, workerPid, logs }: Stack, exportDir: string): string[] {
  const name = demoConnections[0]?.name ?? '';
  return [
    '',
    ...(addresses.uiAddress === null ? [] : [`Temporal's UI: ${addresses.uiAddress}`]),
    `Logs: ${logs}`,
    `CSV files for Identity Manager: ${exportDir}`,
    'In another terminal:',
    `  npx tidemark run ${name} --full --wait     a full pull; meanwhile: kill -9 ${workerPid() ?? 'PID'}     the run goes on with the next worker`,
    `  npx tidemark status; npx tidemark runs ${name}; npx tidemark assets 'class:group' --json`,
    'Ctrl-C ends all of it; the next demo or "tidemark up" goes on with the same data.',
  ];
}

/** For verbs that prints what the demo does not show. */
function silent(notes: Writable): Context['output'] {
  return createOutput({ format: 'json', stdout: new Writable({ write: (_chunk, _encoding, done) => done() }), stderr: notes });
}
