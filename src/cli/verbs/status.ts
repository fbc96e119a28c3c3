// tidemark status [NAME]: what the entity says, with the progress of the run under way. When no worker answers: what the database last heard, when the
// database does not: what the entity says alone; and exit 3.
import { type ConnectionSpec, readSpec } from '../../connectors/spec.ts';
import { asTidemarkError, type TidemarkError } from '../../errors.ts';
import { admissionOf } from '../../store/admission.ts';
import { getConnection, listConnections } from '../../store/connection.ts';
import { readCredentials } from '../../store/credential.ts';
import type { Database } from '../../store/database.ts';
import { readProgress } from '../../store/walk.ts';
import { readWatches } from '../../store/watch.ts';
import type { ConnectionStatus } from '../../workflows/messages.ts';
import { requireConnection, zoneOf } from '../connections.ts';
import { stateOf } from '../connectionView.ts';
import type { Context } from '../context.ts';
import { credentialViews, type CredentialView } from '../credentialView.ts';
import { listEntities, queryEntity, requireWorker } from '../entity.ts';
import { exit, type ExitCode, exitOf } from '../errors.ts';
import { currentNotes, type ScheduleNote, storedNotes } from '../scheduleNotes.ts';
import { printStatus, type Shown, type UnderWay } from '../statusText.ts';
import { storedStatus } from '../storedStatus.ts';

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
    const { notes, credentials, ...underWay } = read?.answer ?? nothingRead;
    const noted = shown.profiles.map((profile) => ({ ...profile, ...notes.get(profile.name) }));
    await printStatus(context.output, { name, source, ...shown, profiles: noted, credentials }, underWay, (profile) =>
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
interface Rest extends UnderWay {
  readonly notes: ReadonlyMap<string, ScheduleNote>;
  readonly credentials: readonly CredentialView[];
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
