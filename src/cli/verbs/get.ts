// tidemark get [NAME]: connections and their states, from the database alone.
import { readSpec } from '../../connectors/spec.ts';
import type { HeldSet } from '../../model.ts';
import { type Connection, listConnections } from '../../store/connection.ts';
import { heldSets } from '../../store/held.ts';
import { readCredentials, type StoredCredential } from '../../store/credential.ts';
import { readWatches, type Watch } from '../../store/watch.ts';
import { requireConnection, zoneOf } from '../connections.ts';
import { emptyRowNotes, profileViews, stateOf } from '../connectionView.ts';
import type { Context } from '../context.ts';
import { credentialLines, credentialViews } from '../credentialView.ts';
import { heldLines } from '../heldText.ts';
import type { Column } from '../output.ts';
import { scheduleNoteLines, storedNotes } from '../scheduleNotes.ts';
import { timeIn } from '../words.ts';

export async function get(context: Context, name: string | undefined): Promise<void> {
  const database = await context.database();
  if (name !== undefined) await requireConnection(database, name);
  const held = await heldSets(database);
  const found = (await listConnections(database)).filter((connection) => name === undefined || connection.name === name);
  const { watches } = await readWatches(
    database,
    found.map((connection) => connection.name),
  );
  const credentials = await readCredentials(database, name ?? null);
  const views = found.map((connection) => viewOf(connection, { held: held.get(connection.name) ?? null, watches, credentials }));
  const [view] = views;
  if (name !== undefined && view !== undefined) {
    return context.output.one(view, { text: () => textOf(view), rows: [view], columns });
  }
  await context.output.rows(views, { columns, none: 'There are no connections yet: "tidemark apply -f FILE".' });
}

interface Noted {
  readonly held: HeldSet | null;
  readonly watches: readonly Watch[];
  readonly credentials: readonly StoredCredential[];
}

function viewOf(connection: Connection, { held, watches, credentials }: Noted) {
  const spec = readSpec(connection.spec);
  const notes = storedNotes(spec, watches);
  const { state, since } = stateOf(connection, spec);
  return {
    name: connection.name,
    title: spec.title,
    connector: spec.connector,
    state,
    since,
    held,
    lastError: connection.saved?.lastError ?? null,
    revision: connection.revision,
    createdAt: connection.createdAt,
    changedAt: connection.changedAt,
    profiles: profileViews(spec).map((profile) => ({ ...profile, ...notes.get(profile.name) })),
    credentials: credentialViews(spec, credentials, new Date()),
    notes: emptyRowNotes(spec),
    spec,
  };
}

type View = ReturnType<typeof viewOf>;

const columns: readonly Column<View>[] = [
  { title: 'name', value: ({ name }) => name },
  { title: 'state', value: ({ state }) => state },
  { title: 'since', value: ({ since }) => since },
  { title: 'connector', value: ({ connector }) => connector },
  { title: 'profiles', value: ({ profiles }) => profiles.map((profile) => profile.name).join(', ') },
  { title: 'error', value: ({ lastError }) => lastError?.code ?? null },
];

function textOf(view: View): string {
  const lines = [
    `${view.name} (${view.title}), ${view.connector}, revision ${view.revision}`,
    `${view.state} since ${view.since}`,
    ...(view.held === null ? [] : heldLines(view.name, view.held)),
    ...(view.lastError === null ? [] : [`${view.lastError.code}: ${view.lastError.message}`, `  fix: ${view.lastError.hint}`]),
    `tenant ${view.spec.credentials.tenantId}, client ${view.spec.credentials.clientId}, cloud ${view.spec.cloud}`,
    ...credentialLines(view.credentials),
  ];
  for (const profile of view.profiles) {
    lines.push('', `profile ${profile.name}, ${profile.status}: ${profile.schedule}`);
    if (profile.description !== '') lines.push(`  ${profile.description}`);
    if (profile.baseline !== null) lines.push(`  baseline ${profile.baseline}`);
    const { nextRunReason = null, overdueSince = null } = profile;
    const timeOf = (iso: string): string => timeIn(zoneOf(view.spec, profile.name), iso);
    lines.push(...scheduleNoteLines({ nextRunReason, overdueSince }, timeOf).map((note) => `  ${note}`));
    for (const { stream, map } of profile.streams) lines.push(`  ${stream}${map === null ? '' : ` by ${map}`}`);
  }
  return [...lines, ...view.notes.map((note) => `\n${note}`)].join('\n');
}
