// Directory Sync (document 001): after every run the documents are those that plain code makes of the tenant, each with the event that fits.
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { AssetClass, JsonObject, RunReport } from '../../src/model.ts';
import { compileQuery } from '../../src/query/compile.ts';
import { compileSearch } from '../../src/query/search.ts';
import { searchAssets, type AssetScope } from '../../src/store/asset.ts';
import { deleteConnection } from '../../src/store/connection.ts';
import type { Database } from '../../src/store/database.ts';
import { toldBy } from '../support/changes.ts';
import { freshDatabase } from '../support/databases.ts';
import { type DirectorySettings, ExpectedDirectory, expectDirectory, storedDocuments } from '../support/directory.ts';
import { type Pulling, putSimulated, startPulling, unguarded } from '../support/pulling.ts';

let database: Database;
let simulator: Simulator;
let pulling: Pulling;
let settings: DirectorySettings;
let expected: ExpectedDirectory;
let names = 0;
/** The run up to which `changes` was asked. */
let toldUpTo = 0;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  simulator = await startSimulator({ users: 40, groups: 12, membershipsPerGroup: 5 });
  names += 1;
});
afterEach(async () => {
  await pulling.close();
  await simulator.close();
  // `changes` reads the settings of all that there are.
  await deleteConnection(database, pulling.spec.name, { purge: false });
});

/** A new connection with these settings, pulled once. */
async function started(of: DirectorySettings = {}): Promise<RunReport> {
  settings = of;
  expected = new ExpectedDirectory();
  pulling = await startPulling(options());
  return pulled();
}

const options = (): Parameters<typeof startPulling>[0] => ({
  database,
  simulator,
  name: `directory-${names}`,
  connector: 'entra-directory-sync',
  settings: { ...settings },
  guard: unguarded,
});

/** The same connection, applied again. */
async function applied(of: DirectorySettings): Promise<void> {
  settings = of;
  await pulling.close();
  await putSimulated(options());
  pulling = await startPulling(options());
}

/** A complete run; then all documents are compared with what they must be. */
async function pulled(given?: { readonly forced?: boolean }): Promise<RunReport> {
  const report = await pulling.pull(given);
  expect(report.verdict).toBe('complete');
  for (const { read, added, updated, unchanged, removedBySource, rejected, excluded } of report.streams)
    expect(read).toBe(added + updated + unchanged + removedBySource + rejected + excluded);
  expected.afterRun(simulator, settings);
  await expectDocuments();
  const events = await toldEvents(report);
  if (settings.events !== 'off') expect(events).toEqual(expected.changes());
  return report;
}

/** What `changes` says of the users' documents since the last complete run (decision 37), those of a run that failed in between taken together. */
async function toldEvents({ run }: RunReport): Promise<object> {
  const lines = await toldBy(database, { since: String(toldUpTo), connection: pulling.spec.name });
  toldUpTo = Number(run.split(':')[1]);
  const found: Record<string, { change: string; before: unknown; after: unknown }> = {};
  for (const { class: of, id, change, paths } of lines) {
    const event = paths.find(({ path }) => path === 'eventType');
    if (of === 'directory-user')
      found[id] = { change, before: event?.before, after: event?.after, ...(found[id] === undefined ? {} : { before: found[id].before }) };
  }
  return found;
}

const expectDocuments = (): Promise<void> => expectDirectory(database, pulling.spec.name, expected, settings.events);
const documents = (of: AssetClass, scope: AssetScope): Promise<Record<string, JsonObject>> =>
  storedDocuments(database, { connection: pulling.spec.name, class: of, scope });

/** What the user's document says of its last change; null where there is none. */
const eventOf = async (id: string): Promise<unknown> =>
  ({ ...(await documents('directory-user', 'live')), ...(await documents('directory-user', 'tombstoned')) })[id]?.['eventType'] ?? null;

/** How many documents a run gave which event. */
async function eventsOfRun({ run }: RunReport): Promise<Record<string, number>> {
  const rows = await database.query<{ kind: string; count: number }>(
    'select kind, count(*) as count from document_event where run = $1 group by kind',
    [Number(run.split(':')[1])],
  );
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
}

const edges = (): { from: string; to: string }[] =>
  [...simulator.truth('edges')].flatMap(({ kind, from, to }) => (kind === 'member' ? [{ from: String(from), to: String(to) }] : []));
const userIds = (): string[] => [...simulator.truth('users')].map(({ id }) => String(id));
const groupIds = (): string[] => [...simulator.truth('groups')].map(({ id }) => String(id));
const groupsOf = (user: string): string[] => edges().flatMap(({ from, to }) => (to === user ? [from] : []));
/** The first user in so many groups. */
const userIn = (fits: (count: number) => boolean): string => userIds().find((id) => fits(groupsOf(id).length)) ?? '';
const nameOf = (group: string): string =>
  String([...simulator.truth('groups', ['id', 'displayName'])].find(({ id }) => id === group)?.['displayName']);
const uuid = (last: number): string => `00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;

test('the first full pull: every member of a group is CREATED, and nobody else is listed', async () => {
  const report = await started({ notification: { email: true, locale: { language: 'en' } } });
  const live = Object.values(await documents('directory-user', 'live'));
  expect(live.length).toBeGreaterThan(10);
  expect(live.length).toBeLessThan(userIds().length);
  expect(report.assets).toEqual({ added: live.length + groupIds().length, updated: 0, removed: 0, unchanged: 0 });
  expect(new Set(live.map(({ eventType }) => eventType))).toEqual(new Set(['CREATED']));
  const many = userIn((count) => count >= 3);
  expect((await documents('directory-user', 'live'))[many]?.['groupInfo']).toHaveLength(groupsOf(many).length);
  expect(Object.keys(await documents('directory-user', 'excluded'))).toHaveLength(userIds().length - live.length);
});

test.each<[string, DirectorySettings, () => void, readonly string[]]>([
  ['an own field of a user changes', {}, () => mutate({ do: 'updateUser', id: joined(), set: { jobTitle: 'Nurse' } }), ['UPDATED']],
  ['a field changes that no document has', {}, () => mutate({ do: 'updateUser', id: joined(), set: { officeLocation: 'B12' } }), []],
  ['a user that is in no group changes', {}, () => mutate({ do: 'updateUser', id: outsider(), set: { jobTitle: 'Nurse' } }), []],
  ['a group is renamed', {}, () => mutate({ do: 'updateGroup', id: groupOfMany(), set: { displayName: 'Renamed' } }), ['UPDATED']],
  [
    'a group gets a classification',
    {},
    () => mutate({ do: 'updateGroup', id: groupOfMany(), set: { classification: 'Top' } }),
    ['UPDATED'],
  ],
  [
    'a description changes, which no document has',
    {},
    () => mutate({ do: 'updateGroup', id: groupOfMany(), set: { description: 'x' } }),
    [],
  ],
  ['a user joins its first group', {}, () => mutate({ do: 'addMember', group: groupOfMany(), member: outsider() }), ['CREATED']],
  [
    'a user leaves one of several groups',
    {},
    () => mutate({ do: 'removeMember', group: groupsOf(multiple())[0]!, member: multiple() }),
    ['UPDATED'],
  ],
  ['a user leaves its last group', {}, () => mutate({ do: 'removeMember', group: groupsOf(single())[0]!, member: single() }), ['DELETED']],
  ['a user is deleted', {}, () => mutate({ do: 'deleteUser', id: joined() }), ['DELETED']],
  ['a group is deleted', {}, () => mutate({ do: 'deleteGroup', id: groupOfMany(), hard: true }), ['DELETED', 'UPDATED']],
])('%s', async (_, of, change, kinds) => {
  await started(of);
  change();
  const report = await pulled();
  expect(report.mode).toBe('delta');
  expect(Object.keys(await eventsOfRun(report)).sort()).toEqual([...kinds]);
});

const mutate = (...mutations: Parameters<Simulator['mutate']>[0] & object[]): void => void simulator.mutate(mutations);
const joined = (): string => userIn((count) => count > 0);
const outsider = (): string => userIn((count) => count === 0);
const single = (): string => userIn((count) => count === 1);
const multiple = (): string => userIn((count) => count > 1);
/** A group with members that are in this group only, and others. */
const groupOfMany = (): string =>
  groupIds().find((group) => {
    const counts = edges().flatMap(({ from, to }) => (from === group && userIds().includes(to) ? [groupsOf(to).length] : []));
    return counts.includes(1) && counts.some((count) => count > 1);
  }) ?? '';

test('a user that left its last group and comes back is CREATED again', async () => {
  await started();
  const user = single();
  const [group = ''] = groupsOf(user);
  mutate({ do: 'removeMember', group, member: user });
  await pulled();
  expect(await eventOf(user)).toBe('DELETED');
  mutate({ do: 'addMember', group, member: user });
  await pulled();
  expect(await eventOf(user)).toBe('CREATED');
});

test('a user in the bin has no document, keeps its groups, and has one again when it is restored', async () => {
  await started();
  const user = multiple();
  mutate({ do: 'deleteUser', id: user });
  await pulled();
  expect(await eventOf(user)).toBe('DELETED');
  mutate({ do: 'restoreUser', id: user });
  await pulled();
  expect(await eventOf(user)).toBe('CREATED');
});

test('a quiet delta writes no event and leaves nothing due; so does a full pull of the same', async () => {
  await started();
  const rows = (): Promise<object[]> =>
    database.query('select * from document_event where connection = $1 order by num', [pulling.spec.name]);
  const before = await rows();
  expect((await pulled()).mode).toBe('delta');
  const full = await pulled({ forced: true });
  const documented = Object.keys(await documents('directory-user', 'live')).length;
  expect(full).toMatchObject({ mode: 'full', assets: { added: 0, updated: 0, removed: 0, unchanged: documented + groupIds().length } });
  expect(await rows()).toEqual(before);
  expect(await database.query('select from event_due where connection = $1', [pulling.spec.name])).toEqual([]);
});

test('a hundred changes of the tenant, run after run', async () => {
  await started({ nested: true });
  for (let round = 0; round < 6; round += 1) {
    simulator.mutate(20);
    await pulled({ forced: round === 3 });
  }
});

describe('which groups', () => {
  test.each<[string, () => string[]]>([
    ['by id, in any case', () => [groupIds()[0]!, groupIds()[1]!.toUpperCase()]],
    ['by name', () => [`name:${nameOf(groupIds()[2]!)}`]],
    ['by prefix', () => [`prefix:${nameOf(groupIds()[3]!).slice(0, 4)}`]],
    ['by all three', () => [groupIds()[0]!, `name:${nameOf(groupIds()[2]!)}`, `prefix:${nameOf(groupIds()[3]!).slice(0, 6)}`]],
  ])('%s', async (_, groups) => {
    await started({ groups: groups() });
    const found = Object.keys(await documents('user-group', 'live'));
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThan(groupIds().length);
    expect(Object.keys(await documents('user-group', 'excluded'))).toHaveLength(groupIds().length - found.length);
  });

  test('a group that is renamed out of the prefix takes its members along, and brings them back', async () => {
    await started({ groups: ['prefix:Chosen-'] });
    expect(await documents('directory-user', 'live')).toEqual({});
    const group = groupOfMany();
    const old = nameOf(group);
    mutate({ do: 'updateGroup', id: group, set: { displayName: 'Chosen-1' } });
    expect(await eventsOfRun(await pulled())).toEqual({ CREATED: expect.any(Number) as number });
    mutate({ do: 'updateGroup', id: group, set: { displayName: old } });
    expect(await eventsOfRun(await pulled())).toEqual({ DELETED: expect.any(Number) as number });
  });

  test('other groups in the settings are judged by the next run, which need not read them', async () => {
    await started({ groups: 'all' });
    const members = (group: string): number => edges().filter(({ from, to }) => from === group && userIds().includes(to)).length;
    const group = groupOfMany();
    await applied({ groups: [group] });
    const report = await pulled();
    expect(report.streams.map(({ mode, read }) => [mode, read])).toEqual([
      ['delta', 0],
      ['delta', 0],
    ]);
    expect(Object.keys(await documents('directory-user', 'live'))).toHaveLength(members(group));
    await applied({ groups: 'all' });
    await pulled();
  });

  test('a run that fails between two selections leaves no document behind', async () => {
    await started({ groups: 'all' });
    const group = groupOfMany();
    await applied({ groups: [group] });
    mutate(
      { do: 'updateGroup', id: groupIds()[0]!, set: { description: 'x' } },
      { do: 'updateUser', id: joined(), set: { jobTitle: 'Nurse' } },
    );
    simulator.addFaults([{ match: '/groups/delta', fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } }]);
    expect((await pulling.pull()).verdict).toBe('partial');
    simulator.clearFaults();
    await pulled();
  });
});

describe('what becomes of them', () => {
  test('groupMap, by id and by name: a changed one updates those that it is about', async () => {
    await started();
    const [one = '', two = ''] = groupIds();
    await applied({ groupMap: { [one.toUpperCase()]: [uuid(1), uuid(2)], [nameOf(two)]: [uuid(3)] } });
    settings = { groupMap: { [one]: [uuid(1), uuid(2)], [nameOf(two)]: [uuid(3)] } };
    const report = await pulled();
    const members = new Set(edges().flatMap(({ from, to }) => ([one, two].includes(from) && userIds().includes(to) ? [to] : [])));
    expect(await eventsOfRun(report)).toEqual({ UPDATED: members.size });
    mutate({ do: 'updateGroup', id: two, set: { displayName: 'No longer in the map' } });
    await pulled();
  });

  test('notification: a changed one updates everybody', async () => {
    await started({ notification: { email: false } });
    await applied({ notification: { email: true } });
    const report = await pulled();
    expect(await eventsOfRun(report)).toEqual({ UPDATED: Object.keys(await documents('directory-user', 'live')).length });
  });

  test('events: off leaves eventType out, and nothing is forgotten meanwhile', async () => {
    await started({ events: 'off' });
    mutate({ do: 'updateUser', id: joined(), set: { jobTitle: 'Nurse' } });
    await pulled();
    await applied({ events: 'on' });
    await pulled();
    expect(await eventOf(joined())).toBe('UPDATED');
  });
});

describe('nested groups', () => {
  /** `top` holds `middle` holds `bottom`, which holds `top`: a circle. */
  async function circle(nested: boolean): Promise<readonly [string, string, string]> {
    const [top, middle, bottom] = groupIds().filter((id) => groupsOf(id).length === 0) as [string, string, string];
    mutate(
      { do: 'addMember', group: top, member: middle },
      { do: 'addMember', group: middle, member: bottom },
      { do: 'addMember', group: bottom, member: top },
    );
    await started({ groups: [top], nested });
    return [top, middle, bottom];
  }
  const users = (...groups: readonly string[]): Set<string> =>
    new Set(edges().flatMap(({ from, to }) => (groups.includes(from) && userIds().includes(to) ? [to] : [])));

  test('without the setting only direct members count', async () => {
    const [top] = await circle(false);
    expect(Object.keys(await documents('directory-user', 'live'))).toHaveLength(users(top).size);
  });

  test('with it those of all groups below, also through groups that are not configured; circles end', async () => {
    const all = await circle(true);
    expect(Object.keys(await documents('directory-user', 'live'))).toHaveLength(users(...all).size);
    expect(users(...all).size).toBeGreaterThan(users(all[0]).size);
  });

  test('a link between two groups that goes takes those below along, and back', async () => {
    const [top, middle, bottom] = await circle(true);
    mutate({ do: 'removeMember', group: top, member: middle });
    await pulled();
    expect(Object.keys(await documents('directory-user', 'live'))).toHaveLength(users(top).size);
    mutate({ do: 'addMember', group: top, member: bottom });
    await pulled();
    const joining = outsider();
    mutate({ do: 'addMember', group: bottom, member: joining });
    await pulled();
    expect(await eventOf(joining)).toBe('CREATED');
    mutate({ do: 'deleteGroup', id: bottom, hard: true });
    await pulled();
    expect(await eventOf(joining)).toBe('DELETED');
  });

  test('the setting itself: switched on and off', async () => {
    await circle(false);
    const { groups } = settings;
    await applied({ ...(groups === undefined ? {} : { groups }), nested: true });
    await pulled();
    await applied({ ...(groups === undefined ? {} : { groups }), nested: false });
    await pulled();
  });
});

test('removals that are held are still in the documents; approved, they are not', async () => {
  await started();
  await pulling.close();
  const guarded = { ...options(), guard: { absolute: 0, percent: 0, minimum: 0, dailyPercent: 0 } };
  await putSimulated(guarded);
  pulling = await startPulling(guarded);
  const user = single();
  const before = await documents('directory-user', 'live');
  mutate({ do: 'removeMember', group: groupsOf(user)[0]!, member: user });
  const report = await pulling.pull();
  expect(report.held.count).toBe(1);
  expect(await documents('directory-user', 'live')).toEqual(before);
  expect((await pulling.approve(report.held.digest)).verdict).toBe('complete');
  expected.afterRun(simulator, settings);
  await expectDocuments();
});

test('events of thousands of users, cut off at each batch in turn, come out once each', async () => {
  await simulator.close();
  simulator = await startSimulator({ users: 4_500, groups: 20, membershipsPerGroup: 150 });
  await started({ groups: ['prefix:none'] });
  await applied({ groups: 'all' });
  await pulling.close();
  pulling = await startPulling({ ...options(), database: { ...database, batch: cutOff(database) } });
  const report = await pulled();
  const users = new Set(userIds());
  const members = new Set(edges().flatMap(({ to }) => (users.has(to) ? [to] : [])));
  expect(members.size).toBeGreaterThan(1_000);
  expect(await eventsOfRun(report)).toEqual({ CREATED: members.size });
});

/** The connection breaks after a commit, so that the caller sees a failure and tries again; each try gets one batch further. */
function cutOff(of: Database): Database['batch'] {
  let left = 0;
  let next = 1;
  return async (statements) => {
    const answer = await of.batch(statements);
    if (!statements.some(({ sql }) => sql.includes('event_due'))) return answer as never;
    if (left > 0) left -= 1;
    else {
      left = next;
      next += 1;
      throw new Error('cut off');
    }
    return answer as never;
  };
}

describe('a search', () => {
  /** Ids of users that the query finds. */
  async function foundBy(query: string, scope: AssetScope = 'live'): Promise<string[]> {
    const { sql, params } = compileQuery(query, { offset: 1 });
    const where = `a.class = $1 and (${sql})`;
    const places = { sql: 'r.connection = $1', params: [pulling.spec.name] };
    const ids: string[] = [];
    for (const kind of ['directory-user', 'user-group']) {
      const search = { where, params: [kind, ...params], places, scope, limit: null, relations: {} };
      for await (const { id } of searchAssets(database, search)) ids.push(id);
    }
    return ids.sort();
  }
  const usersIn = (group: string): string[] =>
    edges()
      .flatMap(({ from, to }) => (from === group && userIds().includes(to) ? [to] : []))
      .sort();

  test('goes by a group that the documents have, and by none that is not configured', async () => {
    const [one = '', two = ''] = groupIds().filter((group) => usersIn(group).length > 0);
    await started({ groups: [one] });
    expect(await foundBy(`groupInfo.idpGroup:${one}`)).toEqual(usersIn(one));
    expect(await foundBy(`customAttributes.groupDisplayName:"${nameOf(one)}"`)).toEqual(usersIn(one));
    expect(await foundBy(`groupInfo.idpGroup:${two}`)).toEqual([]);
    expect(await foundBy(`displayName:"${nameOf(one)}"`)).toContain(one);
  });

  test('goes through nested groups', async () => {
    const [top = '', below = ''] = groupIds().filter((id) => groupsOf(id).length === 0);
    mutate({ do: 'addMember', group: top, member: below });
    await started({ nested: true });
    expect(await foundBy(`groupInfo.idpGroup:${top}`)).toEqual(expect.arrayContaining(usersIn(below)));
    await applied({ nested: false });
    await pulled();
    expect(await foundBy(`groupInfo.idpGroup:${top}`)).toEqual(usersIn(top));
  });

  test('goes by the last event, unless documents have none', async () => {
    await started();
    const user = single();
    mutate({ do: 'removeMember', group: groupsOf(user)[0]!, member: user });
    await pulled();
    expect(await foundBy('eventType:DELETED', 'tombstoned')).toEqual([user]);
    expect(await foundBy('state:tombstoned', 'tombstoned')).toEqual([user]);
    expect(await foundBy('eventType:created')).toHaveLength(expected.users('live').size);
    await applied({ events: 'off' });
    expect(await foundBy('eventType:*')).toEqual([]);
  });

  test.each([false, true])('goes by what the connection gives, as the documents have it (nested: %s)', async (nested) => {
    const [top = '', below = ''] = groupIds().filter((id) => groupsOf(id).length === 0);
    mutate({ do: 'addMember', group: top, member: below });
    const [mapped = '', named = ''] = groupIds().filter((id) => id !== below && usersIn(id).length > 0);
    mutate({ do: 'addMember', group: top, member: mapped });
    const groupMap = { [mapped]: [uuid(1), uuid(2)], [nameOf(named)]: [uuid(3)] };
    await started({ nested, groupMap, notification: { email: true, locale: { language: 'en' } } });
    const users = await documents('directory-user', 'live');
    const groups = await documents('user-group', 'live');
    const those = (of: Record<string, JsonObject>, fits: (document: string, members: unknown) => boolean): string[] =>
      Object.keys(of).filter((id) => fits(JSON.stringify(of[id]), of[id]?.['members']));
    for (const last of [1, 2, 3]) {
      const having = [...those(users, (text) => text.includes(uuid(last))), ...those(groups, (text) => text.includes(uuid(last)))];
      expect(having.length).toBeGreaterThan(1);
      expect(await foundBy(`qualysGroupUUID:${uuid(last)}`)).toEqual(having.sort());
    }
    expect(await foundBy(`groupInfo.qualysGroupUUID:${uuid(3)}`)).toEqual(those(users, (text) => text.includes(uuid(3))).sort());
    expect(await foundBy('class:user-group and qualysGroupUUID:null')).toEqual(
      those(groups, (text) => text.includes('"qualysGroupUUID":[]')).sort(),
    );
    for (const query of ['userData.notification.email:true', 'userData.notification.locale.language:EN', 'notification:*'])
      expect([query, await foundBy(query)]).toEqual([query, Object.keys(users).sort()]);
    expect(await foundBy('userData.notification.email:false')).toEqual([]);
    const most = Math.max(...Object.values(groups).map(({ members }) => Number(members)));
    expect(await foundBy(`members:${most}`)).toEqual(those(groups, (_, members) => members === most).sort());
    expect(await foundBy('members:[1 TO 4]')).toEqual(those(groups, (_, members) => Number(members) >= 1 && Number(members) <= 4).sort());
    expect(compileSearch(`qualysGroupUUID:${uuid(1)}`).unindexed).toEqual(['Field "qualysGroupUUID" is not indexed']);
    await applied({ nested });
    expect(await foundBy('notification:*')).toEqual([]);
  });
});
