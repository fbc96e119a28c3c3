// Assessments as evidence of misconfigurations: keys, states, classes of assets, and rows that cannot be read.
import { misconfigurations, siteIds } from '../../../src/mappings/defender/misconfigurations.ts';
import type { JsonObject } from '../../../src/model.ts';
import { assessmentRow, group, machineId } from '../../support/azureRows.ts';

const key = 'aaaaaaaa-0000-4000-8000-000000000001';
const read = (row: JsonObject, sites: readonly JsonObject[] = []) => misconfigurations([row], { sites });
const findingOf = (row: JsonObject) => read(row).objects[0]?.['finding'] as JsonObject | undefined;
const detailed = (details: JsonObject): JsonObject =>
  assessmentRow(machineId, key, {
    resourceDetails: { Source: 'Azure', ResourceType: 'microsoft.compute/virtualmachines', NativeResourceId: machineId, ...details },
  });

test('a row becomes one object with what it says of the finding', () => {
  expect(read(assessmentRow(machineId, key))).toMatchObject({
    objects: [
      {
        id: `${machineId}/providers/microsoft.security/assessments/${key}`.toLowerCase(),
        assessmentKey: key,
        assetType: 'azure-virtual-machine',
        properties: { resourceDetails: { NativeResourceId: machineId.toLowerCase(), ResourceName: 'Web-1' } },
        finding: {
          key: JSON.stringify(['misconfiguration', machineId.toLowerCase(), key]),
          kind: 'misconfiguration',
          assetClass: 'host',
          assetId: machineId.toLowerCase(),
          assetType: 'azure-virtual-machine',
          source: 'Azure',
          status: 'open',
          sourceSeverity: 'High',
          cve: null,
          cvss: null,
          exploit: null,
          at: '2026-08-28T04:11:02Z',
        },
      },
    ],
    rejects: [],
  });
});

test('columns of properties give the same object as a whole row, and so do keys of another case', () => {
  const whole = assessmentRow(machineId, key);
  const { properties, ...columns } = whole;
  const parts = Object.entries(properties as JsonObject).map(([name, value]) => [`properties_${name}`, value]);
  expect(read({ ...columns, ...Object.fromEntries(parts) })).toEqual(read(whole));
  const lower = detailed({ source: 'azure', resourcetype: 'VIRTUALMACHINES' });
  expect(findingOf(lower)).toEqual(findingOf(whole));
});

test('severity, description and the case of ids are not in the key', () => {
  const other = assessmentRow(machineId.toUpperCase(), key.toUpperCase(), { metadata: { severity: 'Low', description: 'Written anew.' } });
  expect(findingOf(other)?.['key']).toBe(findingOf(assessmentRow(machineId, key))?.['key']);
});

test.each<[JsonObject, string]>([
  [{ code: 'Unhealthy' }, 'open'],
  [{ code: 'Healthy' }, 'fixed'],
  [{ code: 'NotApplicable' }, 'suppressed'],
  [{ code: 'NotApplicable', cause: 'Exempt' }, 'suppressed'],
  [{ code: 'Unhealthy', cause: 'Exempt' }, 'suppressed'],
  [{ code: 'SomethingNew' }, 'open'],
  [{}, 'open'],
])('status %j is %s (decision 53)', (status, expected) => {
  expect(findingOf(assessmentRow(machineId, key, { status }))?.['status']).toBe(expected);
});

test.each<[string, string, string, string]>([
  ['Azure', 'microsoft.compute/virtualmachines', 'host', 'azure-virtual-machine'],
  ['Azure', 'virtualMachines', 'host', 'azure-virtual-machine'],
  ['Azure', 'Microsoft.ContainerInstance/containerGroups', 'container-instance', 'container-instance'],
  ['AWS', '.containerimage', 'container-image', 'aws-container-image'],
  ['Aws', 'ec2.instance', 'host', 'aws-ec2-instance'],
  ['AWS', 'lambda.function', 'serverless', 'aws-lambda-function'],
  ['aws', 'ecs.task', 'container-instance', 'aws-container-instance'],
  ['Gcp', 'compute.instances', 'host', 'gcp-compute-instance'],
  ['GCP', 'cloudfunctions.function', 'serverless', 'gcp-cloud-function'],
  ['GCP', 'container.pod', 'container-instance', 'gcp-container-instance'],
  ['Oci', 'compute.instance', 'host', 'oci-host'],
])('%s %s is of class %s, type %s', (source, resourceType, assetClass, assetType) => {
  expect(findingOf(detailed({ Source: source, ResourceType: resourceType }))).toMatchObject({ assetClass, assetType });
});

test.each([
  ['Azure', '.containerimage'],
  [null, 'containerImage'],
])('an image of Azure (%s %s) has no misconfigurations in the document: its rows are left out', (source, type) => {
  expect(read(detailed({ Source: source, ResourceType: type }))).toEqual({ objects: [], rejects: [] });
});

test('the resource is what it is natively, else what Azure calls it, never the row', () => {
  const arn = 'arn:aws:ec2:eu-west-1:123456789012:instance/i-0ABC';
  expect(findingOf(detailed({ NativeResourceId: arn, Source: 'Aws', ResourceType: 'ec2.instance' }))?.['assetId']).toBe(arn.toLowerCase());
  expect(findingOf(detailed({ NativeResourceId: '', ResourceId: 'R', Id: 'I' }))?.['assetId']).toBe('r');
  expect(findingOf(detailed({ NativeResourceId: null, Id: 'I' }))?.['assetId']).toBe('i');
});

test('policies are in the order of their ids, each with its name at the same place (decision 54)', () => {
  const policy = (id: string, name?: string): JsonObject => ({
    policyInitiativeId: id,
    ...(name === undefined ? {} : { policyInitiativeName: name }),
  });
  const row = assessmentRow(machineId, key, {
    statusPerInitiative: [policy('b', 'B'), policy('a'), { assessmentStatus: {} }, policy('c', 'C')],
  });
  expect(read(row).objects[0]).toMatchObject({
    properties: {
      statusPerInitiative: [
        { policyInitiativeId: 'a', policyInitiativeName: '' },
        { policyInitiativeId: 'b', policyInitiativeName: 'B' },
        { policyInitiativeId: 'c', policyInitiativeName: 'C' },
      ],
    },
  });
});

test('a site of the web that is no function is left out', () => {
  const site = `${group}/providers/Microsoft.Web/sites/orders`;
  const row = assessmentRow(site, key, { resourceDetails: { Source: 'Azure', ResourceType: 'microsoft.web/sites', Id: site } });
  expect(siteIds(row)).toEqual([site.toLowerCase()]);
  expect(siteIds(assessmentRow(machineId, key))).toEqual([]);
  expect(read(row, [])).toEqual({ objects: [], rejects: [] });
  expect(read(row, [{ id: site, kind: 'functionapp,linux' }])).toMatchObject({ objects: [{ assetType: 'azure-function' }] });
});

test.each<[string, JsonObject, string]>([
  ['no properties', { id: 'a' }, 'properties.resourceDetails is missing'],
  ['no details', { id: 'a', properties: {} }, 'properties.resourceDetails is missing'],
  ['details that are text', { id: 'a', properties: { resourceDetails: 'x' } }, 'properties.resourceDetails is missing'],
  ['no resource', assessmentRow(machineId, key, { resourceDetails: { Source: 'Azure' } }), 'properties.resourceDetails names no resource'],
  [
    'a resource of no class',
    detailed({ ResourceType: 'microsoft.storage/storageaccounts' }),
    'properties.resourceDetails.ResourceType is of no class of assets',
  ],
  ['an id that names no assessment', { ...assessmentRow(machineId, key), id: machineId, name: null }, 'id names no assessment'],
])('a row with %s is set aside with the place that is wrong', (_name, row, reason) => {
  const good = assessmentRow(machineId, key);
  const { objects, rejects } = misconfigurations([row, good], {});
  expect([objects.length, rejects.map((one) => one.reason)]).toEqual([1, [reason]]);
});
