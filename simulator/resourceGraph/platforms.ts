// Container groups, container registries and sites of the web: the other rows of Azure resources.
import type { JsonObject } from '../../src/model.ts';
import { locations, type Places, timeOf } from './places.ts';
import { pad } from './shape.ts';
import type { Strand } from './strands.ts';

export const groupName = (group: number): string => `cg-${pad(group, 6)}`;
export const siteName = (site: number): string => `site-${pad(site, 6)}`;

/** In turn; the third is a logic app and the fourth an app: both are no functions. */
const siteKinds = ['functionapp', 'functionapp,linux', 'functionapp,workflowapp', 'app', 'functionapp,linux,container'] as const;
const siteKind = (site: number): string => siteKinds[site % siteKinds.length] ?? '';

/** One container, two or three. */
const containerCount = (group: number): number => 1 + (group % 3);

export function platforms(places: Places): Strand[] {
  const { shape, subscriptions, tenantId, images } = places;
  const strand =
    (
      name: string,
      kind: string,
      of: { count: number; group: string; provider: string; nameOf: (index: number) => string; numbered: RegExp },
    ) =>
    (fixed: JsonObject, more: (index: number, id: string) => JsonObject): Strand => {
      const subscriptionOf = (index: number): number => places.subscriptionOf(index, of.count);
      const row = (index: number): JsonObject => {
        const subscriptionId = subscriptions[subscriptionOf(index)] ?? '';
        const id = `/subscriptions/${subscriptionId}/resourceGroups/${of.group}/providers/${of.provider}/${of.nameOf(index)}`;
        return {
          id,
          name: of.nameOf(index),
          type: of.provider.toLowerCase(),
          tenantId,
          kind: '',
          location: locations[index % locations.length] ?? '',
          resourceGroup: of.group,
          subscriptionId,
          managedBy: '',
          sku: null,
          plan: null,
          tags: index % 3 === 2 ? null : { app: `shop-${index % 5}` },
          identity: null,
          zones: null,
          extendedLocation: null,
          ...more(index, id),
        };
      };
      const find = (id: string): number | null => {
        const found = of.numbered.exec(id)?.[1];
        return found === undefined ? null : Number(found);
      };
      return {
        name,
        kind,
        every: 1,
        table: 'resources',
        count: () => of.count,
        subscriptionOf,
        slots: () => [{ key: 'row', fixed: { type: of.provider.toLowerCase(), ...fixed }, row }],
        find,
      };
    };

  const container = (group: number, index: number): JsonObject => ({
    name: index === 0 ? 'app' : `sidecar-${index}`,
    properties: {
      image: imageOf(group, index),
      ports: index === 0 ? [{ port: 80, ...(group % 2 === 0 ? { protocol: 'TCP' } : {}) }] : [],
      // A secure value is never sent.
      environmentVariables: [
        { name: 'MODE', value: 'production' },
        { name: 'CONNECTION_STRING', value: `Password=plain-${group}` },
        { name: 'API_KEY' },
      ],
      ...(group % 2 === 0
        ? { instanceView: { restartCount: 0, currentState: { state: 'Running', startTime: timeOf(places.dice(21, group)) } } }
        : {}),
      resources: { requests: { memoryInGB: 1.5, cpu: 1 } },
    },
  });
  const imageOf = (group: number, index: number): string => {
    if (shape.images === 0 || (group + index) % 4 === 3) return 'nginx';
    const { host, repository, digest, tags } = images.imageAt((group * 3 + index) % shape.images);
    return group % 5 === 4 || tags[0] === undefined ? `${host}/${repository}@${digest}` : `${host}/${repository}:${tags[0]}`;
  };

  return [
    strand('containerGroups', 'group', {
      count: shape.containerGroups,
      group: 'rg-containers',
      provider: 'Microsoft.ContainerInstance/containerGroups',
      nameOf: groupName,
      numbered: /\/cg-(\d+)$/i,
    })({ kind: '' }, (group) => ({
      zones: group % 4 === 1 ? ['1'] : null,
      properties: {
        provisioningState: 'Succeeded',
        osType: 'Linux',
        restartPolicy: 'Always',
        sku: 'Standard',
        ipAddress: { type: 'Public', ip: `20.50.${(group >> 8) & 255}.${group & 255}`, ports: [{ port: 80, protocol: 'TCP' }] },
        containers: Array.from({ length: containerCount(group) }, (_, index) => container(group, index)),
      },
    })),
    strand('registries', 'registry', {
      count: shape.registries,
      group: 'rg-registries',
      provider: 'Microsoft.ContainerRegistry/registries',
      nameOf: (index) => images.registryName(index),
      numbered: /\/acr\d+x(\d+)$/i,
    })({ kind: '' }, (index) => ({
      sku: { name: 'Premium', tier: 'Premium' },
      properties: { loginServer: images.loginServer(index), provisioningState: 'Succeeded', adminUserEnabled: false },
    })),
    strand('sites', 'site', {
      count: shape.sites,
      group: 'rg-web',
      provider: 'Microsoft.Web/sites',
      nameOf: siteName,
      numbered: /\/site-(\d+)$/i,
    })({}, (site) => ({
      kind: siteKind(site),
      properties: {
        name: siteName(site),
        state: 'Running',
        defaultHostName: `${siteName(site)}.azurewebsites.net`,
        siteConfig: { linuxFxVersion: site % 2 === 1 ? 'PYTHON|3.12' : '' },
      },
    })),
  ];
}
