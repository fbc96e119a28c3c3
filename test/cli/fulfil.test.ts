// tidemark fulfil: orders of both formats from a file to the directory, with their results, by the command line and by Temporal's own.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defaultRoles, writeRoles } from '../../simulator/permissions.ts';
import { type CliStack, startCliStack } from './stack.ts';

let stack: CliStack;
beforeAll(async () => {
  stack = await startCliStack({ worker: true, env: { TIDEMARK_SECRET_FIRST: 'CANARY-pass-Word-1' } });
  await stack.simulator.configure({ roles: [...defaultRoles, ...writeRoles] });
  stack.write('idm', { connector: 'identity-manager' });
  const { code, stderr } = await stack.call(['apply', '-f', 'idm.yaml']);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
}, 120_000);
afterAll(() => stack?.stop(), 60_000);

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

test('orders of a file are written, and sent again they are answered from the ledger', async () => {
  const file = ordersFile('first.ndjson', [
    { id: 'o-1', action: 'create', type: 'user', values: ana },
    { id: 'o-2', action: 'update', type: 'user', key: 'ana.orders@contoso.example', values: { jobTitle: 'Nurse', mobilePhone: '+33 1' } },
    {
      id: 'o-3',
      action: 'create',
      type: 'group',
      values: { displayName: 'Nurses', mailEnabled: false, mailNickname: 'nurses-orders', securityEnabled: true },
    },
    { id: 'o-4', action: 'addMember', type: 'group', key: 'o-3', member: 'o-1' },
  ]);
  const first = await stack.call(['fulfil', 'idm', '-f', file, '--json']);
  expect(first.code).toBe(0);
  expect(resultsOf(file).toSorted()).toEqual([
    'AssignmentId,ProvisioningState,Message,ChangeType',
    'o-1,Executed,,Added',
    'o-2,Executed,,Modified',
    'o-3,Executed,,Added',
    'o-4,Executed,,Modified',
  ]);
}, 120_000);
