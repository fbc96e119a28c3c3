// The settings of identity-manager: which attributes can be exported and why others cannot, names, scope; and by what a set is told from others.
import { completeSpec } from '../../src/connectors/complete.ts';
import { connectionInput } from '../../src/connectors/input.ts';
import { activeStreams, isOfOrders, leastPermissions, selectOf } from '../../src/connectors/select.ts';
import { connectorNamed, streamNamed } from '../../src/connectors/index.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import { exportPlan } from '../../src/exports/plan.ts';

const base = {
  name: 'im',
  connector: 'identity-manager',
  credentials: {
    tenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
    clientId: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3',
    clientSecret: 'env:TIDEMARK_SECRET_X',
  },
};
const extension = `extension_${'ab12'.repeat(8)}_costCenter`;

const completed = (settings: object, more: object = {}): ReturnType<typeof completeSpec> =>
  completeSpec(connectionInput.parse({ ...base, ...more, settings }), { now: new Date(), previous: null, maps: null, ca: null });

function specOf(settings: object, more: object = {}): ConnectionSpec {
  const { spec, faults } = completed(settings, more);
  expect(faults).toEqual([]);
  if (spec === null) throw new Error('No spec.');
  return spec;
}

const wrong = (settings: object, more: object = {}): string[] =>
  completed(settings, more).faults.map(({ path, reason }) => `${path.join('.')}: ${reason}`);

const getOnly = 'no list and no change gives it, so it cannot be exported';
test.each<[string, object, string]>([
  // https://learn.microsoft.com/graph/api/resources/user#properties, https://learn.microsoft.com/graph/api/resources/group#properties
  ...[
    'aboutMe',
    'birthday',
    'hireDate',
    'interests',
    'mailboxSettings',
    'mySite',
    'pastProjects',
    'preferredName',
    'responsibilities',
    'schools',
    'skills',
  ].map((name): [string, object, string] => [
    name,
    { attributes: ['id', name] },
    `attributes.1: is supported only on the Get user API: ${getOnly}`,
  ]),
  ...[
    'allowExternalSenders',
    'autoSubscribeNewMembers',
    'hideFromAddressLists',
    'hideFromOutlookClients',
    'isArchived',
    'isSubscribedByMail',
    'unseenCount',
  ].map((name): [string, object, string] => [
    name,
    { attributes: ['id', name] },
    `attributes.1: is supported only on the Get group API: ${getOnly}`,
  ]),
  [
    'a schema extension',
    { attributes: ['extk7s2bz0q_courses', 'id'] },
    'attributes.0: is a Graph schema extension, which is not supported; directory extensions (extension_APPID_NAME) are',
  ],
  [
    'a schema extension of a domain',
    { attributes: ['id', 'contoso_courses'] },
    'attributes.1: is a Graph schema extension, which is not supported; directory extensions (extension_APPID_NAME) are',
  ],
  [
    'a directory extension without users and groups',
    { attributes: ['id', extension], entityTypes: ['directoryRole'] },
    'attributes.1: is a directory extension, which only user and group have',
  ],
  [
    'a misspelt one',
    { attributes: ['id', 'displyName'] },
    'attributes.1: is not a property of user, group, directoryRole, servicePrincipal, did you mean "displayName"?',
  ],
  [
    'an attribute of an entity that is not exported',
    { attributes: ['id', 'userPrincipalName'], entityTypes: ['group'] },
    'attributes.1: is not a property of group',
  ],
  ['a password', { attributes: ['id', 'passwordProfile'] }, 'attributes.1: is not a property of'],
  ['a path', { attributes: ['id', '__proto__'] }, 'attributes.1: is not a property of'],
  ['no id', { attributes: ['mail'] }, 'attributes: must have id: rows are known by it'],
  ['one twice', { attributes: ['id', 'mail', 'mail'] }, 'attributes: names one twice'],
  ['no entity', { entityTypes: [] }, 'entityTypes: must name an entity type'],
  ['an entity that is none', { entityTypes: ['device'] }, 'entityTypes.0: must be user, group, directoryRole, servicePrincipal'],
  ['a name with a separator', { export: { name: 'AD_Export' } }, 'export.name: is no identifier of Identity Manager'],
  ['a name that is a path', { export: { name: '../x' } }, 'export.name: is no identifier of Identity Manager'],
  ['a delimiter of two characters', { export: { delimiter: '::' } }, 'export.delimiter: must be ",", ";", "|" or a tab'],
  ['a scope of another API', { scope: 'https://vault.azure.net/.default' }, "scope: must be of Graph's origin"],
  ['a scope of another cloud', { scope: 'https://graph.microsoft.us/.default' }, "scope: must be of Graph's origin"],
])('%s is refused by name', (_what, settings, problem) => {
  expect(wrong(settings)).toEqual([expect.stringContaining(`settings.${problem}`)]);
});

test('a stream of an entity type that is not exported is refused by name', () => {
  const more = { profiles: [{ name: 'default', streams: ['users', 'groups'] }] };
  expect(wrong({ entityTypes: ['user'] }, more)).toEqual(['profiles.0.streams.1: is not among those that the settings ask for']);
});

test('attributes select what each entity has of them, and nothing else', () => {
  const spec = specOf({ attributes: ['mail', 'id', 'roleTemplateId', 'appId', extension] });
  const selected = Object.fromEntries(
    connectorNamed('identity-manager').streams.map(({ name }) => [
      name,
      selectOf(connectorNamed('identity-manager'), name, [], spec.settings),
    ]),
  );
  expect(selected).toEqual({
    users: [extension, 'id', 'mail'],
    // By visibility a group hides its members (decision 59).
    groups: [extension, 'id', 'mail', 'members', 'owners', 'visibility'],
    directoryRoles: ['id', 'members', 'roleTemplateId'],
    servicePrincipals: ['appId', 'id', 'owners'],
  });
});

test('left out, attributes are the usual ones that the entity types have', () => {
  expect(specOf({}).settings['attributes']).toEqual(['accountEnabled', 'displayName', 'id', 'mail', 'userPrincipalName']);
  expect(specOf({ entityTypes: ['directoryRole'] }).settings['attributes']).toEqual(['displayName', 'id']);
});

test('the permissions are those of decision 42, less where less is exported', () => {
  const least = (settings: object): string[] =>
    leastPermissions(activeStreams(specOf(settings), 'default').map(({ definition }) => definition));
  expect(least({})).toEqual(['User.Read.All', 'GroupMember.Read.All', 'RoleManagement.Read.Directory', 'Application.Read.All']);
  expect(least({ entityTypes: ['group'] })).toEqual(['GroupMember.Read.All']);
  expect(streamNamed(connectorNamed('identity-manager'), 'users').optional).toBe(false);
});

describe('what a set can be continued by', () => {
  const attributes = ['id', 'mail', 'displayName'];
  const definitionOf = (settings: object, more: object = {}): string | undefined =>
    exportPlan(specOf({ attributes, ...settings }, more))?.definition;
  const custom = (origin: string): object => ({ cloud: 'custom', endpoints: { login: 'https://login.example', graph: `${origin}/v1.0` } });

  test.each<[string, object, object]>([
    ['another order of attributes', { attributes: ['id', 'displayName', 'mail'] }, {}],
    ['one attribute less', { attributes: ['id', 'mail'] }, {}],
    ['other entity types', { entityTypes: ['user'] }, {}],
    ['another cloud', {}, { cloud: 'usgov' }],
    ['another base URL', {}, custom('https://graph.example')],
    ['another tenant', {}, { credentials: { ...base.credentials, tenantId: '7f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11' } }],
  ])('%s: no', (_what, settings, more) => {
    expect(definitionOf(settings, more)).not.toBe(definitionOf({}));
  });

  test.each<[string, object, object]>([
    ['another delimiter', { export: { delimiter: ';' } }, {}],
    ['another directory', { export: { directory: 'x' } }, {}],
    ['another schedule', {}, { profiles: [{ name: 'default', schedule: { occurs: 'recurring', every: 'hourly' } }] }],
  ])('%s: yes', (_what, settings, more) => {
    expect(definitionOf(settings, more)).toBe(definitionOf({}));
  });

  test('two base URLs differ', () => {
    expect(definitionOf({}, custom('https://a.example'))).not.toBe(definitionOf({}, custom('https://b.example')));
  });

  test('other connectors have no files', () => {
    expect(exportPlan(specOf({}, { connector: 'entra-devices' }))).toBeNull();
  });
});

const ordersProfile = { name: 'orders', streams: ['orders'] };
const inbox = { fulfil: { orders: 'inbox' } };

test('a profile of orders pulls nothing and has no baseline, beside one that pulls', () => {
  const schedule = { occurs: 'recurring', every: '15m' };
  const spec = specOf(inbox, {
    profiles: [
      { name: 'default', schedule },
      { ...ordersProfile, schedule },
    ],
  });
  expect(spec.profiles.map(({ baseline }) => baseline)).toEqual(['weekly', null]);
  expect([isOfOrders(spec, 'default'), isOfOrders(spec, 'orders')]).toEqual([false, true]);
  expect([activeStreams(spec, 'default').length, activeStreams(spec, 'orders').length]).toEqual([4, 0]);
});

test.each<[string, object, object, string]>([
  ['no directory', {}, ordersProfile, 'profiles.0.streams: has orders, and settings.fulfil.orders names no directory to read them from'],
  [
    'streams beside it',
    inbox,
    { ...ordersProfile, streams: ['users', 'orders'] },
    'profiles.0.streams: has orders beside others: they are written by a profile of their own',
  ],
  [
    'a baseline',
    inbox,
    { ...ordersProfile, schedule: { occurs: 'recurring', every: '15m' }, baseline: 'weekly' },
    'profiles.0.baseline: has no meaning for orders: nothing is pulled',
  ],
])('a profile of orders with %s is refused', (_what, settings, profile, reason) => {
  expect(wrong(settings, { profiles: [profile] })).toEqual([reason]);
});

test('two active profiles of orders are refused, and a connector that writes none knows no such stream', () => {
  const two = [ordersProfile, { ...ordersProfile, name: 'more' }];
  expect(wrong(inbox, { profiles: two })).toEqual([expect.stringContaining('has "orders", which belongs to the active profile "orders"')]);
  const other = { connector: 'entra-identity', profiles: [ordersProfile] };
  expect(wrong({}, other)[0]).toContain('profiles.0.streams.0: is not a stream of entra-identity');
});
