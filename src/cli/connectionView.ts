// What `get` and `apply --dry-run` show of a connection besides its file: schedules in words, streams with maps and permissions, rows that stay empty.
import { inWords } from '../connectors/schedule.ts';
import { activeStreams, emptyRows } from '../connectors/select.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import type { ConnectionState } from '../model.ts';
import type { Connection } from '../store/connection.ts';

export interface ProfileView {
  readonly name: string;
  readonly description: string;
  readonly status: 'active' | 'inactive';
  /** In words (decision 17). */
  readonly schedule: string;
  readonly baseline: string | null;
  readonly streams: readonly StreamView[];
}

interface StreamView {
  readonly stream: string;
  readonly map: string | null;
  /** The least of the permissions that suffice. */
  readonly permission: string;
  readonly optional: boolean;
}

export function profileViews(spec: ConnectionSpec): ProfileView[] {
  return spec.profiles.map((profile) => ({
    name: profile.name,
    description: profile.description,
    status: profile.status,
    schedule: inWords(profile.schedule),
    baseline: profile.baseline,
    streams: activeStreams(spec, profile.name).map(({ definition, map }) => ({
      stream: definition.name,
      map: map?.map.name ?? null,
      permission: definition.permissions[0] ?? '',
      optional: definition.optional,
    })),
  }));
}

/** The permissions to grant, each once. */
export function permissionsOf(profiles: readonly ProfileView[]): string[] {
  return [...new Set(profiles.flatMap((profile) => profile.streams.map((stream) => stream.permission)))];
}

/** Rows of maps that no active profile fills (decision 1), a sentence for each stream. */
export function emptyRowNotes(spec: ConnectionSpec): string[] {
  return emptyRows(spec).map(
    ({ map, stream, targets }) => `Stream "${stream}" is not pulled, so these targets of map ${map} stay empty: ${targets.join(', ')}.`,
  );
}

/** The state as last saved; before its first run a connection is registered, or scheduled when an active profile has a schedule. */
export function stateOf(connection: Connection, spec: ConnectionSpec): { readonly state: ConnectionState; readonly since: string } {
  if (connection.saved !== null) return connection.saved;
  const scheduled = spec.profiles.some((profile) => profile.status === 'active' && profile.schedule !== null);
  return { state: scheduled ? 'scheduled' : 'registered', since: connection.createdAt };
}
