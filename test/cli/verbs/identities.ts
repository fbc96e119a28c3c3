// One thing that two connections see is one identity: an Azure machine of Defender for Cloud, and its device of Entra ID, pulled from one simulated tenant.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../../../src/model.ts';
import { stack } from './stack.ts';

interface Named {
  readonly connection: string;
  readonly class: string;
  readonly id: string;
}
interface Explained {
  readonly identity: {
    readonly assets: readonly (Named & { readonly rule: string; readonly key: string; readonly with: Named })[];
    readonly notJoined: readonly { readonly rule: string; readonly key: string; readonly why: string; readonly assets: readonly Named[] }[];
    readonly without: readonly { readonly rule: string; readonly why: string }[];
    readonly note: string | null;
  };
}

const order = 'order: [resource-id, vm-id, bios-uuid, mac-and-hostname, hostname-and-subscription]';
const devicesProfile = 'profiles: [{ name: default }]';
const label = '[AzureResourceId]:';

/** As the simulator has them: a machine's device, another machine's, and one of no machine. */
let [device, second, plain] = ['', '', ''];
let machine = '';
let physicalIds: string[] = [];

const call = async (words: readonly string[]) => {
  const ended = await stack.call(words);
  expect([words.join(' '), ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([words.join(' '), 0, '']);
  return ended;
};
const json = async <T>(words: readonly string[]): Promise<T> => JSON.parse((await call([...words, '--json'])).stdout) as T;
const explain = async (id: string): Promise<Explained['identity']> => (await json<Explained>(['assets', 'explain', id])).identity;
const pull = (name: string) => call(['run', name, '--wait']);
const set = async (id: string, values: Readonly<Record<string, Json>>): Promise<void> => {
  await stack.simulator.mutate([{ do: 'updateDevice', id, set: values }]);
  await pull('devices');
};
const apply = async (name: string, text: string) => {
  writeFileSync(path.join(stack.directory, `${name}.yaml`), text);
  return json<{ kind: string; name: string; change: string }[]>(['apply', '-f', `${name}.yaml`]);
};
const azure = (settings: string): string =>
  stack.write('azure', {
    connector: 'defender-for-cloud',
    settings,
    profiles: 'profiles: [{ name: default, streams: [virtual-machines] }]',
  });

export function identitiesOnAStack(): void {
  beforeAll(async () => {
    stack.write('devices', { connector: 'entra-devices', profiles: devicesProfile });
    azure('{ subscriptions: all }');
    await call(['apply', '-f', 'devices.yaml', '-f', 'azure.yaml']);
    await pull('devices');
    await pull('azure');
    for await (const { id, physicalIds: shown } of stack.simulator.truth('devices', ['id', 'physicalIds'])) {
      const ids = shown as string[];
      const named = ids.find((one) => one.startsWith(label));
      if (named === undefined) plain ||= String(id);
      else if (device === '') [device, machine, physicalIds] = [String(id), named.slice(label.length).toLowerCase(), ids];
      else second ||= String(id);
    }
  }, 240_000);

  /** They are as they were, whatever a test before did. */
  const restored = () => set(device, { physicalIds });

  test('a machine and its device are one by the resource id, seen from both, in lists and explained', async () => {
    const one = { connection: 'devices', class: 'host', id: device };
    const other = { connection: 'azure', class: 'host', id: machine };
    const by = { rule: 'resource-id', key: machine };
    expect(await explain(device)).toMatchObject({ assets: [{ ...other, ...by, with: one }], notJoined: [], note: null });
    expect((await explain(device)).without).toEqual([
      { rule: 'vm-id', why: 'VM id: there is none' },
      { rule: 'bios-uuid', why: 'BIOS UUID: there is none' },
      { rule: 'mac-and-hostname', why: 'MAC address: there is none' },
    ]);
    expect(await explain(machine)).toMatchObject({ assets: [{ ...one, ...by, with: other }], notJoined: [] });
    expect(await json(['assets', `id:"${device}"`])).toMatchObject([{ id: device, identity: [other] }]);
    const hosts = await json<(Named & { identity?: Named[] })[]>(['assets', '--class', 'host', '--limit', '10000']);
    const joined = hosts.filter(({ identity }) => identity !== undefined);
    expect(joined.map(({ connection }) => connection)).toEqual([
      ...Array.from({ length: 8 }, () => 'azure'),
      ...Array.from({ length: 8 }, () => 'devices'),
    ]);
    for (const { connection, identity } of joined)
      expect(identity).toMatchObject([{ connection: connection === 'azure' ? 'devices' : 'azure' }]);
    const { stdout } = await call(['assets', 'explain', device]);
    for (const text of ['identity: one with', machine, 'resource-id', 'rules that give no key:', 'VM id: there is none'])
      expect(stdout).toContain(text);
  });

  test('one that shows nothing of the kind, or nothing of use, is alone, and it is said why', async () => {
    expect(await explain(plain)).toMatchObject({ assets: [], notJoined: [], note: null });
    expect((await explain(plain)).without).toContainEqual({ rule: 'resource-id', why: 'resource id: there is none' });
    const [found] = await json<{ identity?: unknown }[]>(['assets', `id:"${plain}"`]);
    expect(found).not.toHaveProperty('identity');
  });

  test('they are apart when the evidence goes, and one again when it comes back', async () => {
    await set(device, { physicalIds: [], displayName: 'other' });
    expect((await explain(device)).assets).toEqual([]);
    expect((await explain(machine)).assets).toEqual([]);
    await restored();
    expect((await explain(machine)).assets).toMatchObject([{ id: device }]);
  });

  test('a rule is switched off and on for all, at once and without a run; the next one in the order takes its place', async () => {
    expect((await call(['identification-rules'])).stderr).toContain('this is the default');
    await set(device, { displayName: 'vm-000000' });
    expect(await apply('rules', `kind: identification-rules\n${order}\noff: [resource-id]\n`)).toMatchObject([
      { kind: 'identification-rules', name: 'identification-rules', change: 'created' },
    ]);
    expect((await explain(machine)).assets).toMatchObject([{ id: device, rule: 'hostname-and-subscription' }]);
    expect((await explain(machine)).without).toContainEqual({ rule: 'resource-id', why: 'it is off for the installation' });
    expect(await apply('rules', `kind: identification-rules\n${order}\noff: [resource-id, hostname-and-subscription]\n`)).toMatchObject([
      { change: 'changed' },
    ]);
    expect((await explain(machine)).assets).toEqual([]);
    expect(await apply('rules', `kind: identification-rules\n${order}\noff: [resource-id, hostname-and-subscription]\n`)).toMatchObject([
      { change: 'unchanged' },
    ]);
    // The order says by which rule they are one.
    const reversed = 'order: [hostname-and-subscription, mac-and-hostname, bios-uuid, vm-id, resource-id]';
    await apply('rules', `kind: identification-rules\n${reversed}\n`);
    expect((await explain(machine)).assets).toMatchObject([{ id: device, rule: 'hostname-and-subscription' }]);
    expect((await json<{ rule: string }[]>(['identification-rules'])).map(({ rule }) => rule)[0]).toBe('hostname-and-subscription');
    await apply('rules', `kind: identification-rules\n${order}\n`);
    expect((await explain(machine)).assets).toMatchObject([{ id: device, rule: 'resource-id' }]);
  });

  test('a connection switches rules off for its own assets, and with the installation’s never all', async () => {
    azure('{ subscriptions: all, identificationRules: { off: [resource-id, hostname-and-subscription] } }');
    await call(['apply', '-f', 'azure.yaml']);
    expect((await explain(device)).assets).toEqual([]);
    expect((await explain(machine)).without).toContainEqual({ rule: 'resource-id', why: 'it is off for azure' });
    expect(await json(['identification-rules'])).toContainEqual({ rule: 'resource-id', on: true, offFor: ['azure'] });
    writeFileSync(
      path.join(stack.directory, 'most.yaml'),
      `kind: identification-rules\n${order}\noff: [vm-id, bios-uuid, mac-and-hostname]\n`,
    );
    const refused = await stack.call(['apply', '-f', 'most.yaml']);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('most.yaml:1:1 off: leaves no rule on for the connection "azure"');
    azure('{ subscriptions: all }');
    await call(['apply', '-f', 'azure.yaml', '-f', 'most.yaml']);
    azure('{ subscriptions: all, identificationRules: { off: [resource-id, hostname-and-subscription] } }');
    const again = await stack.call(['apply', '-f', 'azure.yaml']);
    expect([again.code, again.stderr.includes('azure.yaml:1:1 settings.identificationRules.off: leaves no rule on')]).toEqual([2, true]);
    await apply('rules', `kind: identification-rules\n${order}\n`);
    expect((await explain(device)).assets).toMatchObject([{ id: machine }]);
  });

  test('two devices that name one machine are not joined with it, and it is said which', async () => {
    await set(second, { physicalIds, displayName: 'other' });
    await set(device, { displayName: 'another' });
    const { assets, notJoined } = await explain(machine);
    expect(assets).toEqual([]);
    expect(notJoined).toMatchObject([{ rule: 'resource-id', key: machine, why: 'two assets of one source have this key' }]);
    expect(notJoined[0]?.assets.map(({ id }) => id).toSorted()).toEqual([machine, device, second].toSorted());
    expect((await explain(second)).notJoined).toMatchObject([{ rule: 'resource-id' }]);
    await set(second, { physicalIds: [] });
    expect((await explain(machine)).assets).toMatchObject([{ id: device }]);
  });

  test('a device that is gone leaves the identity, and has none', async () => {
    await stack.simulator.mutate([{ do: 'deleteDevice', id: device }]);
    await pull('devices');
    expect((await explain(machine)).assets).toEqual([]);
    expect(await explain(device)).toEqual({ assets: [], notJoined: [], without: [], note: 'It is not listed, and so one with nothing.' });
  });
}
