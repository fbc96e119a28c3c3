// The simulator as a process of its own, driven from outside.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { JsonObject } from '../../src/model.ts';
import { controlSimulator } from '../../simulator/control.ts';
import type { SimulatorControl } from '../../simulator/control.ts';
import { mutateMix } from '../../simulator/mix.ts';
import { defaultIdentity } from '../../simulator/simulator.ts';
import { Tenant } from '../../simulator/tenant.ts';
import { truth } from '../../simulator/truth.ts';
import { parse, text } from './client.ts';

let directory: string;
let child: ChildProcess;
let address: JsonObject;
let control: SimulatorControl;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'simulator-'));
  const caFile = join(directory, 'ca.pem');
  const main = join(import.meta.dirname, '../../simulator/main.ts');
  child = spawn(process.execPath, [main, '--users', '120', '--seed', '5', '--vms', '6', '--ca-file', caFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('The child has no output.');
  const lines: unknown[] = await once(createInterface({ input: child.stdout }), 'line');
  address = parse(text(lines[0]));
  control = controlSimulator(text(address['origin']), await readFile(caFile, 'utf8'));
});
afterAll(async () => {
  if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  await rm(directory, { recursive: true });
});

test('the process prints one line with its address and identity', () => {
  const caFile = join(directory, 'ca.pem');
  const { origin, managementOrigin } = address;
  expect(address).toEqual({ ...defaultIdentity, origin, managementOrigin, caFile, pid: child.pid });
  for (const one of [origin, managementOrigin]) expect(text(one)).toMatch(/^https:\/\/localhost:\d+$/);
});

test('changes made from outside are those of a tenant in this process', async () => {
  const tenant = new Tenant({ users: 120, seed: 5 });
  expect(await control.mutate(40)).toEqual(mutateMix(tenant, 40));
  const received = [];
  for await (const object of control.truth('users', ['id', 'displayName'])) received.push(object);
  expect(received).toEqual([...truth(tenant, 'users', ['id', 'displayName'])]);
});

test('the estate has the size that was asked for, and changes from outside', async () => {
  const vms = async (): Promise<number> => {
    let count = 0;
    for await (const row of control.truth('virtualMachines')) count += row['id'] === undefined ? 0 : 1;
    return count;
  };
  expect(await vms()).toBe(6);
  await control.mutateEstate([{ do: 'createVm' }, { do: 'createVm' }, { do: 'deleteVm', vm: 0 }]);
  expect(await vms()).toBe(7);
});

test('faults, settings, clock and requests are reached, and nonsense is refused with its reason', async () => {
  await control.addFaults([{ match: 'x', fault: { kind: 'reset' } }]);
  await control.clearFaults();
  await control.configure({ deltaPageSize: 50 });
  await control.advance(1000);
  await control.resetRequests();
  expect(await control.requests()).toEqual([]);
  await expect(control.mutate([{ do: 'deleteUser', id: 'nobody' }])).rejects.toThrow('There is no user nobody.');
  await expect(control.addFaults([{ match: '(', fault: { kind: 'reset' } }])).rejects.toThrow('Invalid regular expression');
});

test('the process ends by itself when told to', async () => {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
