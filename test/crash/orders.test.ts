// I12: an order is applied once. The worker is killed, or an answer of the database lost, at each named point of the writing of a file of orders; and the
// directory's own answers are lost after it has done what was asked. The next attempt ends the file, and nothing is there twice.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defaultRoles, writeRoles } from '../../simulator/permissions.ts';
import type { FaultRule } from '../../simulator/faults.ts';
import type { JsonObject } from '../../src/model.ts';
import { fulfilId, taskQueues } from '../../src/workflows/ids.ts';
import { alone, killInTurn, orderPoints } from './runs.ts';
import { atSite, recoveryMs, sharedServers, type Site, type Subject } from './site.ts';
import { atOnce, caseTimeoutMs } from './suite.ts';
import { prepareWorkerCode } from './workerProcess.ts';

const subject: Subject = {
  tenant: { users: 60, groups: 5, settings: { roles: [...defaultRoles, ...writeRoles], replicationLag: 2 } },
  connection: { connector: 'identity-manager' },
  change: () => undefined,
  quietRequests: 0,
};

/** What the orders of a file make: a user and a group of this name. */
const created = (once: string): { readonly user: JsonObject; readonly group: JsonObject } => ({
  user: {
    userPrincipalName: `${once}@contoso.example`,
    displayName: once,
    mailNickname: once,
    accountEnabled: true,
    passwordProfile: { password: 'env:TIDEMARK_SECRET_PASSWORD' },
  },
  group: { displayName: once, mailEnabled: false, mailNickname: `${once}-group`, securityEnabled: true },
});

function ordersFor({ simulator }: Site, once: string): object[] {
  const { user, group } = created(once);
  const users: string[] = [];
  // Whom an application may not change without a directory role of its own.
  const rolled = new Set(
    [...simulator.truth('groups', ['id', 'isAssignableToRole'])].flatMap(({ id, isAssignableToRole }) =>
      isAssignableToRole === true ? [id] : [],
    ),
  );
  const admins = new Set([
    ...[...simulator.truth('roleAssignments')].map(({ principalId }) => principalId),
    ...[...simulator.truth('edges')].flatMap(({ from, to }) => (rolled.has(from ?? null) ? [to] : [])),
  ]);
  for (const { id, onPremisesSyncEnabled } of simulator.truth('users', ['id', 'onPremisesSyncEnabled']))
    if (onPremisesSyncEnabled !== true && !admins.has(id)) users.push(String(id));
  const [leaver = '', disabled = '', ...members] = users.slice(-30);
  // An order's id is its own in all files of a connection.
  const own = (id: string): string => `${once}-${id}`;
  return [
    { id: own('user'), action: 'create', type: 'user', values: user },
    {
      id: own('title'),
      action: 'update',
      type: 'user',
      key: `${once}@contoso.example`,
      values: { jobTitle: 'Nurse', mobilePhone: '+33 1' },
    },
    { id: own('group'), action: 'create', type: 'group', values: group },
    { id: own('own'), action: 'addMember', type: 'group', key: own('group'), member: own('user') },
    ...members.map((member, index) => ({ id: own(`member-${index}`), action: 'addMember', type: 'group', key: own('group'), member })),
    { id: own('out'), action: 'removeMember', type: 'group', key: own('group'), member: members[0] },
    { id: own('disable'), action: 'disable', type: 'user', key: disabled },
    { id: own('delete'), action: 'delete', type: 'user', key: leaver },
  ];
}

const answered = (site: Site, pattern: RegExp): number =>
  site.simulator.requests().flatMap(({ items }) => items.filter((item) => pattern.test(item))).length;

/** Writes the orders of a file of this name while `during` happens, and fails unless each was applied once. */
async function expectOnce(site: Site, once: string, during: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  const directory = site.env['TIDEMARK_ORDERS_DIR'] ?? '';
  mkdirSync(directory, { recursive: true });
  const orders = ordersFor(site, once);
  const file = path.join(directory, `${once}.ndjson`);
  writeFileSync(file, orders.map((order) => `${JSON.stringify(order)}\n`).join(''));
  site.simulator.resetRequests();
  const handle = await site.client.workflow.start('fulfil', {
    workflowId: fulfilId(site.spec.name, once),
    taskQueue: taskQueues.control,
    args: [{ connection: site.spec.name, path: `${once}.ndjson` }],
    workflowExecutionTimeout: 2 * recoveryMs,
  });
  await during();
  const counts = await handle.result();
  const results = readFileSync(`${file}.results.csv`, 'utf8').trimEnd().split('\n').slice(1);
  expect(results.filter((line) => !line.includes(',Executed,'))).toEqual([]);
  expect(counts).toMatchObject({ total: orders.length, executed: orders.length, errored: 0, skipped: 0, waiting: 0 });
  expect(results).toHaveLength(orders.length);
  // Once: by what the directory did (an answer that was lost shows as 504), and by what it holds.
  for (const pattern of [/^POST \/v1\.0\/users 201/, /^PATCH \/v1\.0\/groups\(uniqueName.* 201/])
    expect(answered(site, pattern)).toBeLessThanOrEqual(1);
  const named = (kind: 'users' | 'groups'): JsonObject[] =>
    [...site.simulator.truth(kind)].filter(({ displayName }) => displayName === once);
  const [user, ...moreUsers] = named('users');
  const [group, ...moreGroups] = named('groups');
  expect([moreUsers, moreGroups, user?.['jobTitle'], user?.['mobilePhone']]).toEqual([[], [], 'Nurse', '+33 1']);
  const members: string[] = [];
  for (const { kind, from, to } of site.simulator.truth('edges')) if (kind === 'member' && from === group?.['id']) members.push(String(to));
  expect(members).toHaveLength(orders.length - 7);
  expect(new Set(members).size).toBe(members.length);
  expect(await site.database.query('select id from order_ledger where ended_at is null')).toEqual([]);
}

async function crashed(work: (site: Site) => Promise<void>): Promise<void> {
  const [servers, code] = [await sharedServers(), await prepareWorkerCode()];
  const env = { TIDEMARK_SECRET_PASSWORD: 'CANARY-Pass-1' };
  await atSite({ ...servers, code, subject, env }, work);
}

/** In the second batch; with TIDEMARK_TEST_KILLS=alone in the first and the third as well. */
const kills = (alone ? [1, 2, 3] : [2]).map((batch) => [
  'orders.staged',
  'orders.planned',
  `order.afterMark:${batch}`,
  'order.afterSend',
  'order.afterSave',
  'orders.ended',
]);

test('every point of orders is killed at', () => {
  expect(new Set(kills.flat().map((point) => point.split(':')[0]))).toEqual(new Set(orderPoints));
});

atOnce.each(kills.map((points) => ({ points })))(
  'I12 killed at $points: each order is applied once',
  ({ points }) => crashed((site) => expectOnce(site, 'once', async () => void (await killInTurn(site, points)))),
  caseTimeoutMs,
);

/** By what the directory has done: how its answer is lost. */
const lostAnswers: Readonly<Record<string, FaultRule>> = {
  'a user was made': { phase: 'item', match: 'POST /v1.0/users', times: 1, fault: { kind: 'status', status: 504, afterCommit: true } },
  'a group was made': {
    phase: 'item',
    match: 'PATCH /v1.0/groups\\(',
    times: 1,
    fault: { kind: 'status', status: 504, afterCommit: true },
  },
  'each first write was done': {
    phase: 'item',
    match: 'POST|PATCH|DELETE',
    every: 2,
    times: 6,
    fault: { kind: 'status', status: 504, afterCommit: true },
  },
  'whole batches were done': { phase: 'batch', every: 2, times: 4, fault: { kind: 'reset' } },
};

atOnce(
  `I12 the database's answers at ${orderPoints.join(', ')} are lost, then the directory's, file by file (${Object.keys(lostAnswers).join('; ')}): each order is applied once`,
  () =>
    crashed(async (site) => {
      const worker = site.startWorker(orderPoints.map((point) => `${point}:1:lost`).join(','));
      await expectOnce(site, 'once');
      for (const point of orderPoints) expect(worker.log()).toContain(`The answer at ${point} was lost`);
      for (const [index, [done, rule]] of Object.entries(lostAnswers).entries()) {
        site.simulator.addFaults([rule]);
        await expectOnce(site, `once-${index}`).catch((cause: unknown) => {
          throw new Error(`When the answer is lost that ${done}.`, { cause });
        });
        site.simulator.clearFaults();
      }
    }),
  caseTimeoutMs,
);
