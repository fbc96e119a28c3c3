// tidemark fulfil: orders of both formats from a file to the directory, with their results, by the command line and by Temporal's own.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defaultRoles, writeRoles } from '../../../simulator/permissions.ts';
import { stack } from './stack.ts';

export function fulfilVerb(): void {
  beforeAll(async () => {
    await stack.simulator.configure({ roles: [...defaultRoles, ...writeRoles] });
    stack.write('idm', { connector: 'identity-manager' });
    const { code, stderr } = await stack.call(['apply', '-f', 'idm.yaml']);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
  }, 120_000);

  const ana = {
    userPrincipalName: 'ana.orders@contoso.example',
    displayName: 'Ana Orders',
    mailNickname: 'ana.orders',
    accountEnabled: true,
    passwordProfile: { password: 'env:TIDEMARK_SECRET_FIRST' },
  };

  function ordersFile(name: string, orders: readonly object[]): string {
    const file = path.join(stack.directory, name);
    writeFileSync(file, orders.map((order) => `${JSON.stringify(order)}\n`).join(''));
    return file;
  }
  const resultsOf = (file: string): string[] => readFileSync(`${file}.results.csv`, 'utf8').trimEnd().split('\n');

  const orders = [
    { id: 'o-1', action: 'create', type: 'user', values: ana },
    { id: 'o-2', action: 'update', type: 'user', key: 'ana.orders@contoso.example', values: { jobTitle: 'Nurse', mobilePhone: '+33 1' } },
    {
      id: 'o-3',
      action: 'create',
      type: 'group',
      values: { displayName: 'Nurses', mailEnabled: false, mailNickname: 'nurses-orders', securityEnabled: true },
    },
    { id: 'o-4', action: 'addMember', type: 'group', key: 'o-3', member: 'o-1' },
  ];
  const header = 'AssignmentId,ProvisioningState,Message,ChangeType';
  const executed = ['o-1,Executed,,Added', 'o-2,Executed,,Modified', 'o-3,Executed,,Added', 'o-4,Executed,,Modified'];

  test('a dry run shows each request, no password, and sends none', async () => {
    await stack.simulator.resetRequests();
    const { code, stdout } = await stack.call(['fulfil', 'idm', '-f', ordersFile('dry.ndjson', orders), '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { order: 'o-1', method: 'POST', path: '/users', body: { passwordProfile: { password: '***' } } },
      { order: 'o-2', method: 'PATCH', path: '/users/ana.orders@contoso.example', body: { jobTitle: 'Nurse' } },
      { order: 'o-2', method: 'PATCH', path: '/users/ana.orders@contoso.example', body: { mobilePhone: '+33 1' } },
      { order: 'o-3', method: 'PATCH', path: expect.stringContaining("/groups(uniqueName='tidemark-") },
      {
        order: 'o-4',
        method: 'POST',
        path: '/groups/{o-3}/members/$ref',
        body: { '@odata.id': expect.stringMatching(/\/directoryObjects\/\{o-1\}$/) },
      },
    ]);
    expect(stdout).not.toContain('TIDEMARK_SECRET_FIRST');
    expect(await stack.simulator.requests()).toEqual([]);
  }, 60_000);

  test('orders of a file are written, and sent again they are answered from the ledger', async () => {
    const file = ordersFile('first.ndjson', orders);
    const first = await stack.call(['fulfil', 'idm', '-f', file, '--json']);
    expect([first.code, first.stdout.trimEnd().split('\n')]).toEqual([0, expect.any(Array)]);
    const told = first.stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(told).toHaveLength(4);
    expect(told[0]).toEqual({ id: 'o-1', outcome: 'executed', objectId: expect.any(String), code: null, message: null });
    expect(resultsOf(file).toSorted()).toEqual([header, ...executed].toSorted());
    await stack.simulator.resetRequests();
    const again = await stack.call(['fulfil', 'idm', '-f', file]);
    expect(again.code).toBe(0);
    expect(resultsOf(file).toSorted()).toEqual([header, ...executed].toSorted());
    expect((await stack.simulator.requests()).filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(first.stdout + first.stderr + again.stderr + readFileSync(file, 'utf8')).not.toContain('CANARY');
  }, 120_000);

  test('what is no order, and what an order may not do, is an error of that order: exit 4', async () => {
    const file = ordersFile('second.ndjson', [
      { id: 'o-1', action: 'delete', type: 'user', key: 'o-1' },
      { id: 'o-5', action: 'create', type: 'site', values: {} },
      { id: 'o-6', action: 'enable', type: 'user', key: 'nobody@contoso.example' },
      { id: 'o-7', action: 'resetPassword', type: 'user', key: 'ana.orders@contoso.example' },
      { id: 'o-8', action: 'update', type: 'group', key: 'o-3', values: { description: 'Of orders' } },
    ]);
    const { code, stdout } = await stack.call(['fulfil', 'idm', '-f', file, '--json']);
    const outcomes = new Map(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: string; outcome: string; code: string; message: string })
        .map((one) => [one.id, one]),
    );
    expect(code).toBe(4);
    expect(outcomes.get('o-1')).toMatchObject({
      outcome: 'errored',
      code: 'ORDER_INVALID',
      message: expect.stringContaining('another content'),
    });
    expect(outcomes.get('o-5')).toMatchObject({
      outcome: 'errored',
      message: expect.stringContaining('type is not a type that can be written'),
    });
    expect(outcomes.get('o-6')).toMatchObject({ outcome: 'errored', code: 'SOURCE_NOT_FOUND' });
    expect(outcomes.get('o-7')).toMatchObject({ outcome: 'errored', message: expect.stringContaining('passwordCertificate') });
    expect(outcomes.get('o-8')).toMatchObject({ outcome: 'executed' });
  }, 120_000);

  test("Identity Manager's orders are written, each told once", async () => {
    const file = path.join(stack.directory, 'provisioning.json');
    const values = { displayName: 'From IM', mailEnabled: false, mailNickname: 'from-im', securityEnabled: true };
    const Changes = { '@odata.type': '#microsoft.graph.group', ...values, 'members@add': ['o-1'] };
    writeFileSync(file, JSON.stringify({ ProvisioningOrdersList: [{ AssignedResourceTypeId: '3930001', ChangeType: 'Added', Changes }] }));
    const { code, stderr } = await stack.call(['fulfil', 'idm', '-f', file]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('1 executed')]);
    expect(resultsOf(file)).toEqual([header, '3930001,Executed,,Added']);
  }, 120_000);

  test('status shows the files, and what cannot be is refused', async () => {
    const { stdout } = await stack.call(['fulfil', 'status', 'idm', '--json']);
    expect(JSON.parse(stdout)).toHaveLength(3);
    stack.write('other', {});
    await stack.call(['apply', '-f', 'other.yaml', '--skip-test']);
    const file = ordersFile('third.ndjson', orders);
    for (const [words, message] of [
      [['fulfil', 'other', '-f', file], 'which writes no orders'],
      [['fulfil', 'idm'], "'-f, --file <path>' not specified"],
      [['fulfil', 'idm', '-f', 'none.ndjson'], 'cannot be read'],
    ] as const) {
      const { code, stderr } = await stack.call([...words]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  }, 120_000);
}
