// How `status NAME` shows a connection: its state, its profiles, and the run under way.
import type { StreamProgress } from '../store/walk.ts';
import type { ConnectionStatus } from '../workflows/messages.ts';
import { credentialLines, type CredentialView } from './credentialView.ts';
import { heldLines } from './heldText.ts';
import type { Output } from './output.ts';
import { runName } from './runName.ts';
import { type ScheduleNote, scheduleNoteLines } from './scheduleNotes.ts';
import { timeIn } from './words.ts';

export interface Shown extends Omit<ConnectionStatus, 'profiles'> {
  readonly name: string;
  readonly profiles: readonly (ConnectionStatus['profiles'][number] & Partial<ScheduleNote>)[];
  /** Empty when the database is away. */
  readonly credentials: readonly CredentialView[];
  /** Who says so: the entity, or the database because nobody answered for it. */
  readonly source: 'workflow' | 'database';
}

/** How far the run under way is. */
export interface UnderWay {
  readonly progress: readonly StreamProgress[];
  /** In the queue of runs, from 1; null once it has its turn. */
  readonly place: number | null;
}

/** The zone of each profile that its times are shown in. */
type ZoneOf = (profile: string) => string;

export async function printStatus(output: Output, shown: Shown, { progress, place }: UnderWay, zoneOf: ZoneOf): Promise<void> {
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
  await output.one(
    { ...shown, place, streams },
    {
      text: async () =>
        [
          ...stateLines(shown),
          ...credentialLines(shown.credentials),
          '',
          await profileTable(output, shown, zoneOf),
          ...noteLines(shown, zoneOf),
          ...runLines(shown, { progress, place }, zoneOf),
        ].join('\n'),
      rows: [shown],
      columns: [
        { title: 'name', value: ({ name }) => name },
        { title: 'state', value: ({ state }) => state },
        { title: 'since', value: ({ since }) => since },
        { title: 'run', value: ({ name, current }) => (current === null ? null : runName(name, current.run)) },
        { title: 'error', value: ({ lastError }) => lastError?.code ?? null },
      ],
    },
  );
}

function stateLines({ name, state, since, source, held, lastError }: Shown): string[] {
  return [
    `${name}: ${state} since ${since}${source === 'database' ? ' (as the database last heard)' : ''}`,
    ...(held === null ? [] : heldLines(name, held)),
    ...(lastError === null ? [] : [`${lastError.code}: ${lastError.message}`, `  fix: ${lastError.hint}`]),
  ];
}

function profileTable(output: Output, { name: connection, profiles }: Shown, zoneOf: ZoneOf): Promise<string> {
  return output.table(profiles, [
    { title: 'profile', value: ({ name }) => name },
    { title: 'status', value: ({ status }) => status },
    { title: 'state', value: ({ state }) => state },
    { title: 'last run', value: ({ lastRun }) => (lastRun === null ? null : `${runName(connection, lastRun.run)} ${lastRun.verdict}`) },
    { title: 'last full', value: ({ name, lastFull }) => timeIn(zoneOf(name), lastFull) },
    { title: 'next run', value: ({ name, nextRun }) => timeIn(zoneOf(name), nextRun) },
  ]);
}

const noteLines = ({ profiles }: Shown, zoneOf: ZoneOf): string[] =>
  profiles.flatMap(({ name, nextRunReason = null, overdueSince = null }) =>
    scheduleNoteLines({ nextRunReason, overdueSince }, (iso) => timeIn(zoneOf(name), iso)).map((note) => `${name}: ${note}`),
  );

function runLines({ name, current }: Shown, { progress, place }: UnderWay, zoneOf: ZoneOf): string[] {
  if (current === null) return [];
  return [
    '',
    `${runName(name, current.run)} since ${timeIn(zoneOf(current.profile), current.since)}:`,
    ...(place === null ? [] : [`  waits for its turn, at place ${place}`]),
    ...progress.map(
      ({ stream, mode, reason, read, pages, outcome }) =>
        `  ${stream}: ${read} read in ${pages} pages, ${mode} (${reason})${outcome === null ? '' : `, ${outcome}`}`,
    ),
  ];
}
