// Applications and administrative units, of which a tenant has what requests made: read one by one, by a filter, or by who belongs to them.
// Source: learn.microsoft.com/graph/api/{application-get,application-list-owners,administrativeunit-get,administrativeunit-list-members}
import { unsupportedQuery } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Cloud } from './cloud.ts';
import { filteredList, single } from './lists.ts';
import type { Query } from './query.ts';
import { related } from './relations.ts';

const collections = {
  applications: { kind: 'application', relation: 'owners' },
  'directory/administrativeUnits': { kind: 'administrativeUnit', relation: 'members' },
} as const;
type RequestedName = keyof typeof collections;

interface RequestedPath {
  readonly name: RequestedName;
  readonly id: string | undefined;
  readonly relation: string | undefined;
}

/** The collection, object and relation that a path names; null when it is another one's. */
export function requestedPath(path: string): RequestedPath | null {
  const [, name, id, relation] = /^(applications|directory\/administrativeUnits)(?:\/([^/]+)(?:\/(owners|members))?)?$/.exec(path) ?? [];
  return name === 'applications' || name === 'directory/administrativeUnits' ? { name, id, relation } : null;
}

export function requestedObjects(
  cloud: Cloud,
  { name, id, relation }: RequestedPath,
  query: Query,
  asked: Parameters<typeof related>[5],
): Answer {
  const { kind, relation: own } = collections[name];
  if (id === undefined) return filteredList(cloud, name, kind, query.get('$filter') ?? '', query);
  if (relation === undefined) return single(cloud, name, kind, id, query);
  if (relation === own) return related(cloud, name, id, relation, query, asked);
  throw unsupportedQuery(`Resource not found for the segment '${relation}'.`);
}
