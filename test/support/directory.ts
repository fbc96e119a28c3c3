// What Directory Sync is to make of a simulated tenant, worked out by plain code from what the tenant holds (no SQL, no map, no pipeline of ours), and
// whether that is what a search gives.
import type { Simulator } from '../../simulator/simulator.ts';
import { documentsOf } from '../../src/cli/documents.ts';
import type { AssetClass, JsonObject } from '../../src/model.ts';
import { type AssetScope, searchAssets } from '../../src/store/asset.ts';
import { getConnection } from '../../src/store/connection.ts';
import type { Database } from '../../src/store/database.ts';

/** The connector's settings, as a file has them. */
export interface DirectorySettings {
  readonly groups?: 'all' | readonly string[];
  readonly groupMap?: Readonly<Record<string, readonly string[]>>;
  readonly notification?: JsonObject;
  readonly events?: 'on' | 'off';
  readonly nested?: boolean;
}

/** Documents by the id of their record. */
export type Expected = ReadonlyMap<string, JsonObject>;

interface Group {
  readonly id: string;
  readonly displayName: string;
  readonly classification?: string;
  readonly uniqueName?: string;
}

/** Absent where the source has nothing. */
const some = (fields: Record<string, unknown>): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as JsonObject;

type DirectoryEvent = 'CREATED' | 'UPDATED' | 'DELETED';

export class ExpectedDirectory {
  /** Of users that had a document: the last one, and whether it is there. */
  private readonly known = new Map<string, { document: JsonObject; event: DirectoryEvent }>();
  private readonly own = new Map<string, JsonObject>();
  private groups: Expected = new Map();
  /** What became of documents in the last run, as `changes` has it. */
  private last = new Map<string, { readonly before: DirectoryEvent | null; readonly after: DirectoryEvent }>();

  /** Takes note of a complete run with these settings. */
  afterRun(simulator: Simulator, settings: DirectorySettings): void {
    const { groupMap = {}, notification = {}, nested = false } = settings;
    const all = [...simulator.truth('groups', ['id', 'displayName', 'classification', 'uniqueName'])] as unknown as Group[];
    const byId = new Map(all.map((group) => [group.id, group]));
    const parents = new Map<string, Set<string>>();
    for (const { kind, from, to } of simulator.truth('edges')) {
      if (kind !== 'member') continue;
      parents.set(String(to), (parents.get(String(to)) ?? new Set()).add(String(from)));
    }
    const targets = ({ id, displayName }: Group): readonly string[] => groupMap[id] ?? groupMap[displayName] ?? [];
    const above = (id: string, found = new Set<string>()): Set<string> => {
      for (const parent of parents.get(id) ?? []) {
        if (found.has(parent)) continue;
        found.add(parent);
        if (nested) above(parent, found);
      }
      return found;
    };
    const members = new Map<string, number>();
    const there = new Map<string, JsonObject>();
    const constant = Object.keys(notification).length === 0 ? {} : { notification };
    for (const user of simulator.truth('users', userFields)) {
      const id = String(user['id']);
      const belongs = [...above(id)].sort();
      for (const group of belongs) members.set(group, (members.get(group) ?? 0) + 1);
      const userDetails = detailsOf(user);
      const groupInfo = belongs
        .flatMap((group) => byId.get(group) ?? [])
        .filter((group) => isChosen(group, settings.groups ?? 'all'))
        .map((group) => ({
          ...some({ idpGroup: group.id, classification: group.classification }),
          qualysGroupUUID: [...targets(group)],
          customAttributes: some({ groupDisplayName: group.displayName, uniqueName: group.uniqueName }),
        }));
      const document = { identityProviderId: id, externalId: id, userData: { userDetails, ...constant }, groupInfo };
      this.own.set(id, document);
      if (groupInfo.length > 0) there.set(id, document);
    }
    this.last = new Map();
    const note = (id: string, document: JsonObject, event: DirectoryEvent): void => {
      const before = this.known.get(id)?.event ?? null;
      if (event !== 'DELETED' || before !== 'DELETED') this.last.set(id, { before, after: event });
      this.known.set(id, { document, event });
    };
    for (const [id, document] of there) {
      const before = this.known.get(id);
      if (before === undefined || before.event === 'DELETED') note(id, document, 'CREATED');
      else if (JSON.stringify(before.document) !== JSON.stringify(document)) note(id, document, 'UPDATED');
    }
    for (const [id, { document }] of this.known) {
      if (there.has(id)) continue;
      // What its record says now, or said last; and what the connection gives.
      const last = this.own.get(id) ?? document;
      const { userDetails } = last['userData'] as { userDetails: JsonObject };
      note(id, { ...last, userData: { userDetails, ...constant }, groupInfo: [] }, 'DELETED');
    }
    this.groups = new Map(
      all
        .filter((group) => isChosen(group, settings.groups ?? 'all'))
        .map((group) => [group.id, { ...some({ ...group }), qualysGroupUUID: [...targets(group)], members: members.get(group.id) ?? 0 }]),
    );
  }

  users(state: 'live' | 'tombstoned', events: 'on' | 'off' = 'on'): Expected {
    const of = [...this.known].filter(([, { event }]) => (event === 'DELETED') === (state === 'tombstoned'));
    return new Map(of.map(([id, { document, event }]) => [id, events === 'on' ? { ...document, eventType: event } : document]));
  }

  /** What `changes` says of the last run: the documents with their event, by id. */
  changes(): Record<string, { readonly change: string; readonly before: DirectoryEvent | null; readonly after: DirectoryEvent }> {
    const change = { CREATED: 'added', UPDATED: 'changed', DELETED: 'removed' } as const;
    return Object.fromEntries([...this.last].map(([id, event]) => [id, { change: change[event.after], ...event }]));
  }

  userGroups(): Expected {
    return this.groups;
  }
}

const userFields = 'id mail userPrincipalName givenName surname displayName streetAddress country jobTitle preferredLanguage'.split(' ');

/** Document 001's table, written out once more. */
function detailsOf(user: JsonObject): JsonObject {
  return some({
    externalId: user['id'],
    apiExternalId: user['id'],
    emailId: user['mail'],
    userPrincipalName: user['userPrincipalName'],
    givenName: user['givenName'],
    lastName: user['surname'],
    displayName: user['displayName'],
    address: user['streetAddress'],
    country: user['country'],
    username: user['displayName'],
    title: user['jobTitle'],
    language: user['preferredLanguage'],
  });
}

function isChosen({ id, displayName }: Group, groups: 'all' | readonly string[]): boolean {
  if (groups === 'all') return true;
  return groups.some((entry) => {
    if (entry.startsWith('name:')) return displayName === entry.slice(5);
    if (entry.startsWith('prefix:')) return displayName.startsWith(entry.slice(7));
    return entry.toLowerCase() === id;
  });
}

/** The documents that a search of the connection gives, by id. */
export async function storedDocuments(
  database: Database,
  of: { readonly connection: string; readonly class: AssetClass; readonly scope: AssetScope },
): Promise<Record<string, JsonObject>> {
  const known = await getConnection(database, of.connection);
  const reading = documentsOf(known === null ? [] : [known]);
  const { relations, counts } = reading;
  const found: Record<string, JsonObject> = {};
  const where = { where: 'a.class = $1', params: [of.class], places: { sql: 'r.connection = $1', params: [of.connection] } };
  for await (const asset of searchAssets(database, { ...where, scope: of.scope, limit: null, relations, counts }))
    found[asset.id] = reading.document(asset);
  return found;
}

/** Fails unless the documents of the connection are what they must be. */
export async function expectDirectory(
  database: Database,
  connection: string,
  expected: ExpectedDirectory,
  events: 'on' | 'off' = 'on',
): Promise<void> {
  for (const scope of ['live', 'tombstoned'] as const) {
    const found = await storedDocuments(database, { connection, class: 'directory-user', scope });
    expect(found).toEqual(Object.fromEntries(expected.users(scope, events)));
  }
  const groups = await storedDocuments(database, { connection, class: 'user-group', scope: 'live' });
  expect(groups).toEqual(Object.fromEntries(expected.userGroups()));
}
