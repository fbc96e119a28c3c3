// I12: an order is applied once. The worker is killed, or an answer of the database lost, at each named point of the writing of a file of orders; and the
// directory's own answers are lost after it has done what was asked. The next attempt ends the file, and nothing is there twice.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defaultRoles, writeRoles } from '../../simulator/permissions.ts';
import type { FaultRule } from '../../simulator/faults.ts';
import type { JsonObject } from '../../src/model.ts';
import { fulfilId, taskQueues } from '../../src/workflows/ids.ts';
import { killInTurn, orderPoints } from './runs.ts';
import { atSite, recoveryMs, sharedServers, type Site, type Subject } from './site.ts';
import { atOnce, caseTimeoutMs } from './suite.ts';
import { prepareWorkerCode } from './workerProcess.ts';

const subject: Subject = {
  tenant: { users: 60, groups: 5, settings: { roles: [...defaultRoles, ...writeRoles], replicationLag: 2 } },
  connection: { connector: 'identity-manager' },
  change: () => undefined,
  quietRequests: 0,
};

const created = {
  user: {
    userPrincipalName: 'once@contoso.example',
    displayName: 'Once',
    mailNickname: 'once',
    accountEnabled: true,
    passwordProfile: { password: 'env:TIDEMARK_SECRET_PASSWORD' },
  },
  group: { displayName: 'Once', mailEnabled: false, mailNickname: 'once-group', securityEnabled: true },
};

function ordersFor({ simulator }: Site): object[] {
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
  return [
    { id: 'user', action: 'create', type: 'user', values: created.user },
    { id: 'title', action: 'update', type: 'user', key: 'once@contoso.example', values: { jobTitle: 'Nurse', mobilePhone: '+33 1' } },
    { id: 'group', action: 'create', type: 'group', values: created.group },
    { id: 'own', action: 'addMember', type: 'group', key: 'group', member: 'user' },
    ...members.map((member, index) => ({ id: `member-${index}`, action: 'addMember', type: 'group', key: 'group', member })),
    { id: 'out', action: 'removeMember', type: 'group', key: 'group', member: members[0] },
    { id: 'disable', action: 'disable', type: 'user', key: disabled },
    { id: 'delete', action: 'delete', type: 'user', key: leaver },
  ];
}

const answered = (site: Site, pattern: RegExp): number =>
  site.simulator.requests().flatMap(({ items }) => items.filter((item) => pattern.test(item))).length;

/** Writes the orders while `during` happens, and fails unless each was applied once. */
async function expectOnce(site: Site, during: () => Promise<void>): Promise<void> {
  const directory = site.env['TIDEMARK_ORDERS_DIR'] ?? '';
  mkdirSync(directory);
  const orders = ordersFor(site);
  const file = path.join(directory, 'orders.ndjson');
  writeFileSync(file, orders.map((order) => `${JSON.stringify(order)}\n`).join(''));
  const handle = await site.client.workflow.start('fulfil', {
    workflowId: fulfilId(site.spec.name, 'orders'),
    taskQueue: taskQueues.control,
    args: [{ connection: site.spec.name, path: 'orders.ndjson' }],
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
    [...site.simulator.truth(kind)].filter(({ displayName }) => displayName === 'Once');
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

/** In the first batch, the second and the third: its mark is the first of the points that each batch passes. A plan is missed after a minute. */
const kills = [
  ['order.afterMark:1', 'order.afterSend', 'order.afterSave', 'orders.ended'],
  ['orders.staged', 'order.afterMark:2', 'order.afterSend', 'order.afterSave'],
  ['orders.planned', 'order.afterMark:3', 'order.afterSend', 'order.afterSave'],
];

test('every point of orders is killed at', () => {
  expect(new Set(kills.flat().map((point) => point.split(':')[0]))).toEqual(new Set(orderPoints));
});

atOnce.each(kills.map((points) => ({ points })))(
  'I12 killed at $points: each order is applied once',
  ({ points }) => crashed((site) => expectOnce(site, async () => void (await killInTurn(site, points)))),
  caseTimeoutMs,
);

atOnce(
  `I12 the answers at ${orderPoints.join(', ')} are lost: each order is applied once`,
  () =>
    crashed(async (site) => {
      const worker = site.startWorker(orderPoints.map((point) => `${point}:1:lost`).join(','));
      await expectOnce(site, () => Promise.resolve());
      for (const point of orderPoints) expect(worker.log()).toContain(`The answer at ${point} was lost`);
    }),
  caseTimeoutMs,
);

const lostAnswers: readonly (readonly [string, readonly FaultRule[]])[] = [
  ['a user was made', [{ phase: 'item', match: 'POST /v1.0/users', times: 1, fault: { kind: 'status', status: 504, afterCommit: true } }]],
  [
    'a group was made',
    [{ phase: 'item', match: 'PATCH /v1.0/groups\\(', times: 1, fault: { kind: 'status', status: 504, afterCommit: true } }],
  ],
  [
    'each first write was done',
    [{ phase: 'item', match: 'POST|PATCH|DELETE', every: 2, times: 6, fault: { kind: 'status', status: 504, afterCommit: true } }],
  ],
  ['whole batches were done', [{ phase: 'batch', every: 2, times: 4, fault: { kind: 'reset' } }]],
];

atOnce.each(lostAnswers)(
  'I12 the directory has done it, and its answer is lost: %s',
  (_, rules) =>
    crashed(async (site) => {
      site.simulator.addFaults(rules);
      site.startWorker();
      await expectOnce(site, () => Promise.resolve());
    }),
  caseTimeoutMs,
);
