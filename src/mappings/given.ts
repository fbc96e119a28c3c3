// What the maps of a connector may read besides a record and its relations (`memberOf.value[]…`): names that are given when a document is read.
// Here and not with the connectors, because a map is compiled without knowing them; test/connectors/definitions.test.ts holds both together.
const given: Readonly<Record<string, readonly string[]>> = {
  'entra-directory-sync': ['groupInfo', 'notification', 'eventType', 'qualysGroups', 'members'],
};

/** The names, as first steps of a source path. No record of the connector's streams has a property of such a name. */
export function givenNames(connector: string): readonly string[] {
  return Object.hasOwn(given, connector) ? (given[connector] ?? []) : [];
}
