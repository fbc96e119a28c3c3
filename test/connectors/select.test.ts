// What a connection reads of its streams: selections, hashes, active streams, and rows that stay empty.
import { connectorNamed } from '../../src/connectors/index.ts';
import { activeMaps, activeStreams, emptyRows, hasDelta, relationSources, selectOf, streamHashes } from '../../src/connectors/select.ts';
import type { ConnectionSpec, ProfileSpec } from '../../src/connectors/spec.ts';
import { compile } from '../../src/mappings/engine.ts';
import { builtInMap, compiledMap } from '../../src/mappings/maps/index.ts';

const connector = connectorNamed('entra-identity');

function specWith(...profiles: Partial<ProfileSpec>[]): ConnectionSpec {
  return {
    name: 'contoso',
    title: 'contoso',
    description: '',
    connector: 'entra-identity',
    credentials: { tenantId: 'contoso.example', clientId: 'c', clientSecret: ['env:A'], clientCertificate: null, identity: null },
    cloud: 'global',
    endpoints: null,
    settings: { owners: false },
    guard: { absolute: 500, percent: 5, minimum: 5, dailyPercent: 10 },
    rejects: { absolute: 1000, percent: 5 },
    customMaps: {},
    profiles: profiles.map((profile, index) => ({
      name: `p${index}`,
      description: '',
      status: 'active',
      streams: null,
      maps: {},
      schedule: null,
      baseline: null,
      ...profile,
    })),
  };
}

const selects = (spec: ConnectionSpec, settings: Record<string, unknown> = {}): Record<string, string> =>
  Object.fromEntries(connector.streams.map(({ name }) => [name, selectOf(connector, name, activeMaps(spec, 'p0'), settings).join(' ')]));

describe('decision 1: $select', () => {
  test('is what the core needs, the maps read, relation rows included, and the relation properties of a chain', () => {
    expect(selects(specWith({}))).toEqual({
      users:
        'accountEnabled city country displayName givenName id jobTitle lastPasswordChangeDateTime mail mobilePhone postalCode state streetAddress surname userPrincipalName',
      // visibility, description and uniqueName also for the relation rows of users.
      groups: 'description displayName id members uniqueName visibility',
      // accountEnabled, which the document's map reads, is no property of a role: Graph would refuse it.
      roles: 'description displayName id isEnabled',
      appRoleAssignments: 'displayName id',
    });
  });

  test('has owners where the settings ask for them', () => {
    expect(selects(specWith({}), { owners: true })['groups']).toBe('description displayName id members owners uniqueName visibility');
    expect(selects(specWith({}), { owners: 'yes' })['groups']).not.toContain('owners');
  });

  test('has no field that only an inactive profile or a stream nobody pulls would need', () => {
    expect(selects(specWith({ streams: ['groups'] }))['groups']).toBe('description displayName id members visibility');
    const other: Partial<ProfileSpec> = { streams: ['users'], status: 'inactive' };
    expect(selects(specWith({ streams: ['groups'] }, other))['groups']).toBe('description displayName id members visibility');
  });

  test('has what another active profile reads of the same stream', () => {
    expect(selects(specWith({ streams: ['groups'] }, { streams: ['users'] }))['groups']).toContain('uniqueName');
  });

  test('follows the rows that are on', () => {
    const map = builtInMap('entra-identity/users');
    const clone = compile({ ...map, rows: map.rows.map(({ off: _off, ...row }) => row) });
    expect(selectOf(connector, 'users', [clone], {})).toEqual(expect.arrayContaining(['userType', 'department', 'employeeId']));
    expect(selectOf(connector, 'roles', [clone], {})).toContain('description');
    expect(selectOf(connector, 'roles', [compiledMap('entra-identity/users')], {})).not.toContain('description');
  });
});

test('hashes change with what is selected and with the map, and with nothing else', () => {
  const hashes = (spec: ConnectionSpec, settings: Record<string, unknown> = {}) =>
    streamHashes(connector, 'groups', activeMaps(spec, 'p0'), settings);
  const base = hashes(specWith({}));
  expect(hashes({ ...specWith({ description: 'other' }), title: 'other' })).toEqual(base);
  expect(hashes(specWith({}), { owners: true })).toEqual({ ...base, selectHash: expect.not.stringContaining(base.selectHash) });
  expect(hashes(specWith({ streams: ['groups'] }))).toEqual({ ...base, selectHash: expect.not.stringContaining(base.selectHash) });
  expect(base.mapHash).toBe(compiledMap('entra-identity/groups').ownHash);
  expect(streamHashes(connector, 'appRoleAssignments', [], {}).mapHash).toBe('');
});

describe('the streams of a profile', () => {
  const names = (spec: ConnectionSpec) => activeStreams(spec, 'p0').map(({ definition, named }) => [definition.name, named]);

  test('are all that are not optional, unless it names them', () => {
    expect(names(specWith({}))).toEqual([
      ['users', false],
      ['groups', false],
      ['roles', false],
    ]);
    expect(names(specWith({ streams: ['appRoleAssignments', 'users'] }))).toEqual([
      ['users', true],
      ['appRoleAssignments', true],
    ]);
  });

  test('have their map, or none', () => {
    const streams = activeStreams(specWith({ streams: ['users', 'appRoleAssignments'], maps: { users: 'entra-identity/users' } }), 'p0');
    expect(streams.map(({ map }) => map?.map.name ?? null)).toEqual(['entra-identity/users', null]);
  });

  test('are refused for a profile that does not exist', () => {
    expect(() => activeStreams(specWith({}), 'p9')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', hint: 'Its profiles: p0.' }));
  });

  test('of an inactive profile run by name bring their own maps', () => {
    const spec = specWith({ streams: ['users'], status: 'inactive' }, { streams: ['groups'] });
    expect(activeMaps(spec, 'p0').map((map) => map.map.name)).toEqual(['entra-identity/users', 'entra-identity/groups']);
    expect(activeMaps(spec, 'p1').map((map) => map.map.name)).toEqual(['entra-identity/groups']);
  });
});

describe('rows that stay empty', () => {
  const empty = (spec: ConnectionSpec) => emptyRows(spec).map(({ map, stream, targets }) => [map, stream, targets.length]);

  test('are named with the stream that nobody pulls', () => {
    expect(empty(specWith({}))).toEqual([
      ['entra-identity/users', 'appRoleAssignments', 3],
      ['entra-identity/groups', 'appRoleAssignments', 3],
    ]);
    expect(empty(specWith({ streams: ['users'] }))).toEqual([
      ['entra-identity/users', 'groups', 8],
      ['entra-identity/users', 'appRoleAssignments', 3],
    ]);
    expect(emptyRows(specWith({ streams: ['users'] }))[0]?.targets[0]).toBe('asset.assetRelations[].assetHeader.externalAssetId');
  });

  test('are none when every stream is pulled, by whatever active profile', () => {
    expect(empty(specWith({ streams: ['users', 'roles'] }, { streams: ['groups', 'appRoleAssignments'] }))).toEqual([]);
  });

  test('do not count what an inactive profile would pull', () => {
    expect(
      empty(specWith({ streams: ['users', 'groups', 'roles'] }, { streams: ['appRoleAssignments'], status: 'inactive' })),
    ).toHaveLength(2);
  });
});

test('only the relations that rows read are to be assembled', () => {
  const read = (name: string) =>
    relationSources(connector, compiledMap(name)).map((one) => [one.name, one.source.stream, one.properties.join(' ')]);
  expect(read('entra-identity/users')).toEqual([
    ['memberOf', 'groups', 'description displayName id uniqueName visibility'],
    ['appRoleAssignments', 'appRoleAssignments', 'id principalDisplayName resourceDisplayName'],
  ]);
  expect(read('entra-identity/groups')).toEqual([
    ['memberOf', 'roles', 'description displayName id'],
    ['appRoleAssignments', 'appRoleAssignments', 'id principalDisplayName resourceDisplayName'],
  ]);
  expect(read('entra-identity/roles')).toEqual([]);
});

test('collections have no delta', () => {
  expect(connector.streams.map((stream) => [stream.name, hasDelta(stream)])).toEqual([
    ['users', true],
    ['groups', true],
    ['roles', false],
    ['appRoleAssignments', false],
  ]);
});
