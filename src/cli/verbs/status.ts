// tidemark status [NAME]: what the entity says, with the progress of the run under way. When no worker answers: what the database last heard, and exit 3.
import { readSpec } from '../../connectors/spec.ts';
import { asTidemarkError, type TidemarkError } from '../../errors.ts';
import type { RunBrief } from '../../model.ts';
import { type Connection, getConnection, listConnections } from '../../store/connection.ts';
import type { Database } from '../../store/database.ts';
import { listRuns, openRuns } from '../../store/run.ts';
import { readProgress } from '../../store/walk.ts';
import type { ConnectionStatus } from '../../workflows/messages.ts';
import { requireConnection, zoneOf } from '../connections.ts';
import { stateOf } from '../connectionView.ts';
import type { Context } from '../context.ts';
import { queryEntity, requireWorker } from '../entity.ts';
import { exit, type ExitCode } from '../errors.ts';
import { runName } from '../runName.ts';
import { timeIn } from '../words.ts';

export async function status(context: Context, name: string | undefined): Promise<ExitCode> {
  return name === undefined ? allStatus(context) : oneStatus(context, name);
}

/** All connections, from the database: asking every entity would take long where there are many. */
async function allStatus(context: Context): Promise<ExitCode> {
  const rows = (await listConnections(await context.database())).map((connection) => {
    const spec = readSpec(connection.spec);
    const { state, since } = stateOf(connection, spec);
    return { name: connection.name, state, since, connector: spec.connector, lastError: connection.saved?.lastError ?? null };
  });
  await context.output.rows(rows, {
    none: 'There are no connections yet: "tidemark apply -f FILE".',
    columns: [
      { title: 'name', value: (row) => row.name },
      { title: 'state', value: ({ state }) => state },
      { title: 'since', value: ({ since }) => since },
      { title: 'connector', value: ({ connector }) => connector },
      { title: 'error', value: ({ lastError }) => lastError?.code ?? null },
    ],
  });
  if (rows.length > 0) await requireWorker(context);
  return exit.done;
}

async function oneStatus(context: Context, name: string): Promise<ExitCode> {
  const database = await context.database();
  const spec = await requireConnection(database, name);
  const connection = await getConnection(database, name);
  let answered: ConnectionStatus | null = null;
  let unanswered: TidemarkError | undefined;
  try {
    answered = await queryEntity(context, name);
  } catch (error) {
    unanswered = asTidemarkError(error);
  }
  const shown = answered ?? (connection === null ? null : await storedStatus(database, connection));
  if (shown !== null)
    await print(context, database, { name, source: answered === null ? 'database' : 'workflow', ...shown }, (profile) =>
      zoneOf(spec, profile),
    );
  if (unanswered !== undefined) throw unanswered;
  if (answered !== null) return exit.done;
  context.output.note(
    `The workflow connection:${name} does not run, so nothing is pulled; applying the connection's file again starts it.`,
  );
  return exit.failed;
}

/** The same as the entity would say, as far as the database knows. */
async function storedStatus(database: Database, connection: Connection): Promise<ConnectionStatus> {
  const spec = readSpec(connection.spec);
  const { state, since } = stateOf(connection, spec);
  const [current] = await openRuns(database, connection.name);
  const lines = await listRuns(database, { connection: connection.name, limit: 50 });
  const history = lines.flatMap(({ run, profile, mode, verdict, finishedAt, error }): RunBrief[] =>
    run === null || verdict === null || verdict === 'skipped' || finishedAt === null
      ? []
      : [{ run, profile, mode, verdict, finishedAt, error }],
  );
  return {
    state,
    since,
    connector: spec.connector,
    profiles: spec.profiles.map((profile) => ({
      name: profile.name,
      status: profile.status,
      state,
      lastRun: history.find((brief) => brief.profile === profile.name) ?? null,
      lastFull:
        history.find((brief) => brief.profile === profile.name && brief.mode === 'full' && brief.verdict === 'complete')?.finishedAt ??
        null,
      nextRun: null,
    })),
    current: current === undefined ? null : { run: current.run, profile: current.profile, since: current.startedAt },
    lastError: connection.saved?.lastError ?? null,
    history: history.slice(0, 20),
  };
}

interface Shown extends ConnectionStatus {
  readonly name: string;
  /** Who says so: the entity, or the database because nobody answered for it. */
  readonly source: 'workflow' | 'database';
}

async function print({ output }: Context, database: Database, shown: Shown, zone: (profile: string) => string): Promise<void> {
  const { current } = shown;
  const progress = current === null ? [] : await readProgress(database, current.run);
  const streams = progress.map(({ stream, mode, reason, walk, pages, requests, read, outcome }) => ({
    stream,
    mode,
    reason,
    walk,
    pages,
    requests,
    read,
    outcome,
  }));
  const profiles = shown.profiles.map((profile) => ({ ...profile, zone: zone(profile.name) }));
  const profileTable = (): Promise<string> =>
    output.table(profiles, [
      { title: 'profile', value: (profile) => profile.name },
      { title: 'status', value: (profile) => profile.status },
      { title: 'state', value: (profile) => profile.state },
      { title: 'last run', value: ({ lastRun }) => (lastRun === null ? null : `${runName(shown.name, lastRun.run)} ${lastRun.verdict}`) },
      { title: 'last full', value: (profile) => timeIn(profile.zone, profile.lastFull) },
      { title: 'next run', value: (profile) => timeIn(profile.zone, profile.nextRun) },
    ]);
  const text = async (): Promise<string> => {
    const lines = [
      `${shown.name}: ${shown.state} since ${shown.since}${shown.source === 'database' ? ' (as the database last heard)' : ''}`,
    ];
    if (shown.lastError !== null) lines.push(`${shown.lastError.code}: ${shown.lastError.message}`, `  fix: ${shown.lastError.hint}`);
    lines.push('', await profileTable());
    if (current !== null) {
      lines.push('', `${runName(shown.name, current.run)} since ${timeIn(zone(current.profile), current.since)}:`);
      for (const { stream, mode, reason, read, pages, outcome } of streams)
        lines.push(`  ${stream}: ${read} read in ${pages} pages, ${mode} (${reason})${outcome === null ? '' : `, ${outcome}`}`);
    }
    return lines.join('\n');
  };
  await output.one(
    { ...shown, streams },
    {
      text,
      rows: [shown],
      columns: [
        { title: 'name', value: (row) => row.name },
        { title: 'state', value: ({ state }) => state },
        { title: 'since', value: ({ since }) => since },
        { title: 'run', value: ({ name, current: run }) => (run === null ? null : runName(name, run.run)) },
        { title: 'error', value: ({ lastError }) => lastError?.code ?? null },
      ],
    },
  );
}
