// The maps of document 004 with every source field distinct, on whole documents and on rows as their normalisers give them.
import { recommendations } from '../../../src/mappings/defender/recommendations.ts';
import { subAssessments } from '../../../src/mappings/defender/subAssessments.ts';
import { virtualMachines } from '../../../src/mappings/defender/virtualMachines.ts';
import { misconfigurations } from '../../../src/mappings/defender/misconfigurations.ts';
import { compiledMap } from '../../../src/mappings/maps/index.ts';
import type { Json, JsonObject } from '../../../src/model.ts';
import { assessmentRow, machine, machineId, networkInterface, publicIp } from '../../support/azureRows.ts';
import { cve, digest, olderImageRow, olderMachineRow, todayImageRow, todayMachineRow } from '../../support/vulnerabilityRows.ts';
import { defenderTables } from '../defenderTables.ts';

const steps = (path: string): (string | number)[] =>
  path.split('.').flatMap((step) => (step.endsWith(']') ? [step.replace(/\[\d*\]$/, ''), 0] : [step]));

/** Puts a value at a path, making what is on the way. */
function put(into: Json, [step, ...rest]: (string | number)[], value: Json): Json {
  if (step === undefined) return value;
  if (typeof step === 'number') return [put(Array.isArray(into) ? (into[0] ?? null) : null, rest, value)];
  const object = typeof into === 'object' && into !== null && !Array.isArray(into) ? into : {};
  return { ...object, [step]: put(object[step] ?? null, rest, value) };
}

test.each(Object.entries(defenderTables))('%s: each target has the value of its source and no other', (name, rows) => {
  let record: Json = {};
  let expected: Json = {};
  for (const [from, to] of rows) {
    const [, path = from] = /^asset_root \((.+)\)$/.exec(from) ?? [];
    const value = from.startsWith('CONSTANT: ') ? from.slice('CONSTANT: '.length) : `at ${path}`;
    if (!from.startsWith('CONSTANT: ')) record = put(record, steps(path), value);
    expected = put(expected, steps(to), value);
  }
  expect(compiledMap(name).document(record as JsonObject)).toEqual(expected);
});

const mapped = (name: string, object: JsonObject | undefined) => compiledMap(`defender-for-cloud/${name}`).document(object ?? {});

test('a virtual machine', () => {
  const { objects } = virtualMachines([machine(['nic-1'])], {
    networkInterfaces: [networkInterface('nic-1', 'ip-1')],
    publicIps: [publicIp('ip-1', '203.0.113.7')],
  });
  expect(mapped('virtual-machines', objects[0])).toMatchObject({
    asset: {
      assetHeader: { externalAssetId: machineId.toLowerCase(), assetTypeName: 'azure-virtual-machine' },
      assetDetail: {
        hostname: 'Web-1',
        computeAssetClass: { cloudInstance: { hostname: 'web1', publicIpv4Address: '203.0.113.7', macAddress: '00-0D-3A-00-00-01' } },
        operatingSystem: { name: 'Linux', publisher: 'canonical', version: '22_04-lts' },
      },
    },
  });
});

test('a misconfiguration is one finding, however many initiatives ask for it (decision 54)', () => {
  const policy = (id: string): JsonObject => ({ policyInitiativeId: id, policyInitiativeName: id.toUpperCase() });
  const { objects } = misconfigurations([assessmentRow(machineId, 'k', { statusPerInitiative: [policy('b'), policy('a')] })], {});
  const { findingGroup, asset } = mapped('compute', objects[0]) as { findingGroup: { findings: Json[] }; asset: Json };
  expect(findingGroup.findings).toHaveLength(1);
  expect(findingGroup.findings[0]).toMatchObject({
    name: 'Disks should be encrypted',
    findingStatus: 'Unhealthy',
    severity: 'High',
    findingType: { misconfiguration: { policy: { type: 'BuiltIn', policyId: ['a', 'b'], title: ['A', 'B'] } } },
    asset: { externalAssetId: machineId.toLowerCase(), assetName: 'Web-1' },
  });
  expect(asset).toMatchObject({ assetHeader: { assetTypeName: 'azure-virtual-machine' }, assetDetail: { name: 'Web-1' } });
  const none = misconfigurations([assessmentRow(machineId, 'k')], {}).objects[0];
  expect(mapped('compute', none)).toMatchObject({ findingGroup: { findings: [{ name: 'Disks should be encrypted' }] } });
});

describe('one map reads both shapes of vulnerabilities', () => {
  const finding = {
    name: 'CVE-2022-42969',
    severity: 'High',
    lastFoundOn: '2023-01-02T00:00:00Z',
    findingType: { vulnerability: { cveId: 'CVE-2022-42969', cweIds: ['CWE-1333'] } },
    asset: { externalAssetId: digest, assetName: 'team/app' },
  };
  test.each([
    ['older', subAssessments([olderImageRow()])],
    ["today's", recommendations([todayImageRow({ cves: [cve('CVE-2022-42969')] })])],
  ])('of an image, %s', (_name, { objects }) => {
    expect(mapped('image-vulnerabilities', objects[0])).toMatchObject({ findingGroup: { findings: [finding] } });
  });

  const onMachine = {
    findingStatus: 'Unhealthy',
    product: { vendor: expect.any(String) as string, version: '1.1.1' },
    findingType: { vulnerability: { cveId: 'CVE-2024-0001' } },
    asset: { externalAssetId: machineId.toLowerCase(), assetName: 'Web-1' },
  };
  test.each([
    ['older', subAssessments([olderMachineRow()])],
    ["today's", recommendations([todayMachineRow()])],
  ])('of a machine, %s', (_name, { objects }) => {
    expect(mapped('vm-vulnerabilities', objects[0])).toMatchObject({
      findingGroup: { findings: [onMachine] },
      asset: { assetHeader: { externalAssetId: machineId.toLowerCase(), assetTypeName: 'azure-virtual-machine' } },
    });
  });
});

test('a resource that only findings name', () => {
  const arn = 'arn:aws:ec2:eu-west-1:123456789012:instance/i-0abc';
  const row = assessmentRow(machineId, 'k', {
    resourceDetails: { Source: 'Aws', ResourceType: 'ec2.instance', NativeResourceId: arn, ResourceName: 'i-0abc' },
  });
  expect(mapped('named-hosts', misconfigurations([row], {}).objects[0])).toMatchObject({
    asset: {
      assetHeader: { externalAssetId: arn, vendorAssetId: arn, assetTypeName: 'aws-ec2-instance' },
      assetDetail: { name: 'i-0abc', cloudInfo: { provider: 'AWS' } },
    },
  });
});
