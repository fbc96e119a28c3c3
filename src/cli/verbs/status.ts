// tidemark status [NAME]: what the entity says, with the progress of the run under way. When no worker answers: what the database last heard, when the
// database does not: what the entity says alone; and exit 3.
import { type ConnectionSpec, readSpec } from '../../connectors/spec.ts';
import { asTidemarkError, type TidemarkError } from '../../errors.ts';
import { admissionOf } from '../../store/admission.ts';
import { briefOfRow } from '../../store/brief.ts';
import { type Connection, getConnection, listConnections } from '../../store/connection.ts';
import type { Database } from '../../store/database.ts';
import { readCredentials } from '../../store/credential.ts';
import { heldSet } from '../../store/held.ts';
import { listRuns, openRuns } from '../../store/run.ts';
import { readProgress, type StreamProgress } from '../../store/walk.ts';
import { readWatches } from '../../store/watch.ts';
import type { ConnectionStatus } from '../../workflows/messages.ts';
import { requireConnection, zoneOf } from '../connections.ts';
import { stateOf } from '../connectionView.ts';
import type { Context } from '../context.ts';
import { credentialLines, credentialViews, type CredentialView } from '../credentialView.ts';
import { listEntities, queryEntity, requireWorker } from '../entity.ts';
import { exit, type ExitCode, exitOf } from '../errors.ts';
import { heldLines } from '../heldText.ts';
import { runName } from '../runName.ts';
import { currentNotes, type ScheduleNote, scheduleNoteLines, storedNotes } from '../scheduleNotes.ts';
import { timeIn } from '../words.ts';

export async function status(context: Context, name: string | undefined): Promise<ExitCode> {
  return name === undefined ? allStatus(context) : oneStatus(context, name);
}

/** All connections, from the database: asking every entity would take long where there are many. */
async function allStatus(context: Context): Promise<ExitCode> {
  const stored = await orUnreachable(() => readAll(context));
  const rows = stored.answer ?? (await askAll(context));
  await context.output.rows(rows, {
    ...(stored.error === null ? { none: 'There are no connections yet: "tidemark apply -f FILE".' } : {}),
    columns: [
      { title: 'name', value: (row) => row.name },
      { title: 'state', value: ({ state }) => state },
      { title: 'since', value: ({ since }) => since },
      { title: 'connector', value: ({ connector }) => connector },
      { title: 'error', value: ({ lastError }) => lastError?.code ?? null },
    ],
  });
  if (stored.error !== null) throw stored.error;
  if (rows.length > 0) await requireWorker(context);
  return exit.done;
}

type Line = Pick<ConnectionStatus, 'state' | 'since' | 'connector' | 'lastError'> & { readonly name: string };

async function readAll(context: Context): Promise<Line[]> {
  return (await listConnections(await context.database())).map((connection) => {
    const spec = readSpec(connection.spec);
    const { state, since } = stateOf(connection, spec);
    return { name: connection.name, state, since, connector: spec.connector, lastError: connection.saved?.lastError ?? null };
  });
}

/** As many entities as an operator who has lost the database wants to see; none when Temporal is away too. */
const mostAsked = 50;

async function askAll(context: Context): Promise<Line[]> {
  const names = await orUnreachable(() => listEntities(context, mostAsked));
  const asked = await Promise.all(
    (names.answer ?? []).map(async (name) => ({ name, ...(await orUnreachable(() => queryEntity(context, name))) })),
  );
  return asked.flatMap(({ name, answer }) => {
    if (answer === null) return [];
    const { state, since, connector, lastError } = answer;
    return [{ name, state, since, connector, lastError }];
  });
}

/** Each of the two that know of the connection is asked; what the one that answers says is shown also when the other is away. */
async function oneStatus(context: Context, name: string): Promise<ExitCode> {
  const stored = await orUnreachable(() => readStored(context, name));
  const answered = await orUnreachable(() => queryEntity(context, name));
  const shown = answered.answer ?? stored.answer?.status ?? null;
  let lost = stored.error;
  if (shown !== null) {
    const source = answered.answer === null ? 'database' : 'workflow';
    const known = stored.answer;
    // Either may go away between two answers: what is known by then is shown all the same.
    const read = known === null ? null : await orUnreachable(() => readRest(context, known, { source, current: shown.current }));
    lost ??= read?.error ?? null;
    const { notes, credentials, ...rest } = read?.answer ?? nothingRead;
    const noted = shown.profiles.map((profile) => ({ ...profile, ...notes.get(profile.name) }));
    await print(context, { name, source, ...shown, profiles: noted, credentials }, rest, (profile) =>
      known === null ? 'UTC' : zoneOf(known.spec, profile),
    );
  }
  if (lost !== null && answered.error !== null) context.output.note(answered.error.message);
  const error = lost ?? answered.error;
  if (error !== null) throw error;
  if (answered.answer !== null) return exit.done;
  context.output.note(
    `The workflow connection:${name} does not run, so nothing is pulled; applying the connection's file again starts it.`,
  );
  return exit.failed;
}

/** What is shown besides the state. */
interface Rest {
  readonly notes: ReadonlyMap<string, ScheduleNote>;
  readonly credentials: readonly CredentialView[];
  /** Of the run under way. */
  readonly progress: readonly StreamProgress[];
  readonly place: number | null;
}

const nothingRead: Rest = { notes: new Map(), credentials: [], progress: [], place: null };

async function readRest(
  context: Context,
  { database, spec }: Stored,
  { source, current }: { readonly source: Shown['source']; readonly current: ConnectionStatus['current'] },
): Promise<Rest> {
  const notes = await notesFor(context, database, spec, source);
  const credentials = credentialViews(spec, await readCredentials(database, spec.name), new Date());
  const progress = current === null ? [] : await readProgress(database, current.run);
  const place = current === null || progress.length > 0 ? null : await admissionOf(database, current.run);
  return { notes, credentials, progress, place };
}

/** As Temporal knows them where it was asked, else as the reconciler last did. */
async function notesFor(
  context: Context,
  database: Database,
  spec: ConnectionSpec,
  source: Shown['source'],
): Promise<ReadonlyMap<string, ScheduleNote>> {
  if (source === 'workflow') return currentNotes({ database, client: await context.temporal() }, spec);
  return storedNotes(spec, (await readWatches(database, [spec.name])).watches);
}

interface Stored {
  readonly database: Database;
  readonly spec: ConnectionSpec;
  readonly status: ConnectionStatus | null;
}

async function readStored(context: Context, name: string): Promise<Stored> {
  const database = await context.database();
  const spec = await requireConnection(database, name);
  const connection = await getConnection(database, name);
  return { database, spec, status: connection === null ? null : await storedStatus(database, connection) };
}

type Asked<T> = { readonly answer: T; readonly error: null } | { readonly answer: null; readonly error: TidemarkError };

/** That one of the two is away is an answer; anything else that goes wrong is not. */
async function orUnreachable<T>(ask: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { answer: await ask(), error: null };
  } catch (thrown) {
    const error = asTidemarkError(thrown);
    if (exitOf(error) === exit.unreachable) return { answer: null, error };
    throw error;
  }
}

/** The same as the entity would say, as far as the database knows. */
async function storedStatus(database: Database, connection: Connection): Promise<ConnectionStatus> {
  const spec = readSpec(connection.spec);
  const { state, since } = stateOf(connection, spec);
  const [current] = await openRuns(database, connection.name);
  const lines = await listRuns(database, { connection: connection.name, limit: 50 });
  const history = lines.flatMap((line) => briefOfRow(line) ?? []);
  const held = await heldSet(database, connection.name);
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
    held: held.count === 0 ? null : held,
    lastError: connection.saved?.lastError ?? null,
    history: history.slice(0, 20),
  };
}

interface Shown extends Omit<ConnectionStatus, 'profiles'> {
  readonly name: string;
  readonly profiles: readonly (ConnectionStatus['profiles'][number] & Partial<ScheduleNote>)[];
  /** Empty when the database is away. */
  readonly credentials: readonly CredentialView[];
  /** Who says so: the entity, or the database because nobody answered for it. */
  readonly source: 'workflow' | 'database';
}

async function print(
  { output }: Context,
  shown: Shown,
  { progress, place }: Pick<Rest, 'progress' | 'place'>,
  zone: (profile: string) => string,
): Promise<void> {
  const { current } = shown;
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
    if (shown.held !== null) lines.push(...heldLines(shown.name, shown.held));
    if (shown.lastError !== null) lines.push(`${shown.lastError.code}: ${shown.lastError.message}`, `  fix: ${shown.lastError.hint}`);
    lines.push(...credentialLines(shown.credentials), '', await profileTable());
    for (const { name, zone: ofProfile, nextRunReason = null, overdueSince = null } of profiles) {
      const notes = scheduleNoteLines({ nextRunReason, overdueSince }, (iso) => timeIn(ofProfile, iso));
      lines.push(...notes.map((note) => `${name}: ${note}`));
    }
    if (current !== null) {
      lines.push('', `${runName(shown.name, current.run)} since ${timeIn(zone(current.profile), current.since)}:`);
      if (place !== null) lines.push(`  waits for its turn, at place ${place}`);
      for (const { stream, mode, reason, read, pages, outcome } of streams)
        lines.push(`  ${stream}: ${read} read in ${pages} pages, ${mode} (${reason})${outcome === null ? '' : `, ${outcome}`}`);
    }
    return lines.join('\n');
  };
  await output.one(
    { ...shown, place, streams },
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
