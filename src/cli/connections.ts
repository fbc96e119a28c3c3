// What several verbs ask of a connection's row.
import { readSpec, type ConnectionSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import { getConnection, listConnections } from '../store/connection.ts';
import type { Database } from '../store/database.ts';

/** @throws CONFIG_INVALID naming those that exist. */
export async function requireConnection(database: Database, name: string): Promise<ConnectionSpec> {
  const found = await getConnection(database, name);
  if (found !== null) return readSpec(found.spec);
  const names = (await listConnections(database)).map((connection) => connection.name);
  throw new TidemarkError('CONFIG_INVALID', `There is no connection "${name}".`, {
    hint: names.length === 0 ? 'None has been applied yet: "tidemark apply -f FILE".' : `Known: ${names.slice(0, 10).join(', ')}.`,
  });
}

/** @throws CONFIG_INVALID naming the connection's profiles. */
export function requireProfile(spec: ConnectionSpec, name: string): void {
  if (spec.profiles.some((profile) => profile.name === name)) return;
  throw new TidemarkError('CONFIG_INVALID', `Connection "${spec.name}" has no profile "${name}".`, {
    hint: `Its profiles: ${spec.profiles.map((profile) => profile.name).join(', ')}.`,
  });
}

/** The zone in which a profile's times are shown: its schedule's, else UTC. */
export function zoneOf(spec: ConnectionSpec, profile: string): string {
  return spec.profiles.find(({ name }) => name === profile)?.schedule?.timezone ?? 'UTC';
}
