// Containers of groups, function apps, and references to images (decision 49).
import { containerInstances } from '../../../src/mappings/defender/containerInstances.ts';
import { functions } from '../../../src/mappings/defender/functions.ts';
import { isRegistryHost, isRepository, parseImage } from '../../../src/mappings/defender/imageReference.ts';
import type { JsonObject } from '../../../src/model.ts';
import { resource, subscription } from '../../support/azureRows.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each<[string, object]>([
  ['nginx', { registry: 'docker.io', repository: 'nginx', tag: null, digest: null }],
  ['nginx:1.27', { registry: 'docker.io', repository: 'nginx', tag: '1.27', digest: null }],
  ['team/app', { registry: 'docker.io', repository: 'team/app', tag: null, digest: null }],
  ['Contoso.azurecr.io/Team/App:v1', { registry: 'contoso.azurecr.io', repository: 'team/app', tag: 'v1', digest: null }],
  ['localhost/app', { registry: 'localhost', repository: 'app', tag: null, digest: null }],
  ['localhost:5000/app', { registry: 'localhost:5000', repository: 'app', tag: null, digest: null }],
  [`a.io/app:v1@${digest}`, { registry: 'a.io', repository: 'app', tag: 'v1', digest }],
  [`app@${digest.toUpperCase().replace('SHA', 'sha')}`, { registry: 'docker.io', repository: 'app', tag: null, digest }],
])('%s is an image', (text, expected) => {
  expect(parseImage(text)).toEqual(expected);
});

test.each([
  '',
  ':',
  '@',
  'a@b',
  `a@${digest}@${digest}`,
  'a:b:c',
  'a b',
  '../x',
  'a.io/../x',
  'a.io/x/',
  'a//b',
  'http://a.io/x',
  'me@a.io/x',
  'a:',
])('"%s" is none', (text) => {
  expect(parseImage(text)).toBeUndefined();
});

test('lengths are bounded', () => {
  expect([isRepository('a'.repeat(255)), isRepository('a'.repeat(256)), isRegistryHost('a'.repeat(256))]).toEqual([true, false, false]);
});

const container = (name: string, properties: JsonObject = {}): JsonObject => ({
  name,
  properties: {
    image: 'contoso.azurecr.io/team/app:v1',
    ports: [{ port: 80 }],
    command: ['/bin/sh', '-c', 'secret'],
    environmentVariables: [{ name: 'MODE', value: 'plain' }, { name: 'KEY', secureValue: 'secret' }, { value: 'secret' }],
    instanceView: { currentState: { state: 'Running' }, events: [] },
    ...properties,
  },
});
const groupOf = (...containers: JsonObject[]): JsonObject =>
  resource('Microsoft.ContainerInstance/containerGroups', 'Jobs', {
    tags: { team: 'a' },
    properties: {
      osType: 'Linux',
      containers,
      initContainers: [container('init')],
      imageRegistryCredentials: [{ server: 'x', password: 'secret' }],
    },
  });

test('each container of a group is one object with an id of its own', () => {
  const { objects, rejects } = containerInstances(false)([groupOf(container('Web'), container('side', { image: 'nginx' }))]);
  const groupId = `/subscriptions/${subscription}/resourcegroups/prod/providers/microsoft.containerinstance/containergroups/jobs`;
  expect(rejects).toEqual([]);
  expect(objects).toMatchObject([
    {
      id: `${groupId}/containers/web`,
      groupId,
      imageName: 'team/app',
      imageRegistry: 'contoso.azurecr.io',
      imageTagOrDigest: 'v1',
      externalTags: [{ key: 'team', value: 'a' }],
      properties: {
        osType: 'Linux',
        container: { name: 'Web', properties: { ports: [{ port: 80 }], instanceView: { currentState: { state: 'Running' } } } },
      },
    },
    { id: `${groupId}/containers/side`, imageName: 'nginx', imageRegistry: 'docker.io', imageTagOrDigest: 'latest' },
  ]);
});

test('of environment variables names are kept, and values only where they are asked for; secure values never', () => {
  const variables = (values: boolean) =>
    (containerInstances(values)([groupOf(container('web'))]).objects[0] as { properties: { container: { properties: JsonObject } } })
      .properties.container.properties['environmentVariables'];
  expect(variables(false)).toEqual([{ name: 'MODE' }, { name: 'KEY' }]);
  expect(variables(true)).toEqual([{ name: 'MODE', value: 'plain' }, { name: 'KEY' }]);
  for (const values of [false, true])
    expect(JSON.stringify(containerInstances(values)([groupOf(container('web'))]))).not.toContain('secret');
});

test('a container without a name is set aside, and the others of its group are not', () => {
  expect(containerInstances(false)([groupOf({ properties: {} }, container('web')), groupOf()])).toMatchObject({
    objects: [{ imageName: 'team/app' }],
    rejects: [{ reason: 'properties.containers[0].name is missing' }],
  });
  expect(containerInstances(false)([resource('x', 'y', { properties: {} })])).toMatchObject({
    objects: [],
    rejects: [{ reason: 'properties.containers is missing' }],
  });
});

test('an image that cannot be read leaves its fields out', () => {
  const [object] = containerInstances(false)([groupOf(container('web', { image: 'not an image' }))]).objects;
  expect(object).not.toHaveProperty('imageName');
});

test('a function app is its row, with columns of properties put together', () => {
  const row = resource('Microsoft.Web/sites', 'Orders', {
    kind: 'functionapp,linux',
    properties_name: 'orders',
    properties_state: 'Running',
  });
  expect(functions([row])).toMatchObject({
    objects: [
      { id: String(row['id']).toLowerCase(), resourceId: row['id'], properties: { name: 'orders', state: 'Running' }, externalTags: [] },
    ],
    rejects: [],
  });
});
