// What there is to say of a profile's schedule besides its words: why it does not fire, and since when it has had no success (decisions 13 and 14).
import type { Client } from '@temporalio/client';
import { schedulePlan, whyNoneComes } from '../clients/schedules.ts';
import type { ConnectionSpec, ProfileSpec } from '../connectors/spec.ts';
import type { Database } from '../store/database.ts';
import { readWatches, type Watch } from '../store/watch.ts';

export interface ScheduleNote {
  /** Why no occurrence comes: `schedule ended`, or `paused` with the operator's note; null when one comes, or there is no schedule. */
  readonly nextRunReason: string | null;
  /** The last success, ISO-8601 UTC, when that is two periods ago or longer. */
  readonly overdueSince: string | null;
}

/** By profile, as the reconciler last saw the Schedules. `watches`: of this connection at least. */
export function storedNotes(spec: ConnectionSpec, watches: readonly Watch[]): ReadonlyMap<string, ScheduleNote> {
  const now = new Date();
  return new Map(
    spec.profiles.map((profile) => {
      const watch = watches.find(({ connection, profile: watched }) => connection === spec.name && watched === profile.name) ?? null;
      return [profile.name, noteOf(profile, watch, watch?.paused ?? null, now)];
    }),
  );
}

/** By profile, with the pauses as Temporal knows them now. @throws STORE_UNAVAILABLE, ORCHESTRATOR_UNAVAILABLE */
export async function currentNotes(
  { database, client }: { readonly database: Database; readonly client: Client },
  spec: ConnectionSpec,
): Promise<ReadonlyMap<string, ScheduleNote>> {
  const now = new Date();
  const { watches } = await readWatches(database, [spec.name]);
  const notes = new Map<string, ScheduleNote>();
  for (const profile of spec.profiles) {
    const plan = await schedulePlan(client, { name: spec.name, profile: profile.name, now });
    const watch = watches.find((candidate) => candidate.profile === profile.name) ?? null;
    notes.set(profile.name, noteOf(profile, watch, plan?.paused ?? null, now));
  }
  return notes;
}

function noteOf({ status, schedule }: ProfileSpec, watch: Watch | null, paused: string | null, now: Date): ScheduleNote {
  if (status === 'inactive' || schedule === null) return { nextRunReason: null, overdueSince: null };
  return { nextRunReason: whyNoneComes(schedule, paused, now.getTime()), overdueSince: watch?.overdueSince ?? null };
}

/** For people, a line for each thing to say; `timeOf` shows an instant in the profile's zone. */
export function scheduleNoteLines(note: ScheduleNote, timeOf: (iso: string) => string): string[] {
  return [
    ...(note.nextRunReason === null ? [] : [`no next run: ${note.nextRunReason}`]),
    ...(note.overdueSince === null ? [] : [`no complete run since ${timeOf(note.overdueSince)}, two of its periods or longer`]),
  ];
}
