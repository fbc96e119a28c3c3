// defender-for-cloud (document 004): cloud resources of subscriptions as assets, and what Microsoft Defender for Cloud finds on them.
import { z } from 'zod';
import { machineFacts } from '../../mappings/identity/records.ts';
import { assessedClasses } from '../../model.ts';
import type { Collection, ConnectorDefinition, Reader, StreamDefinition } from '../definition.ts';
import {
  assessment,
  containerImage,
  containerInstance,
  functionApp,
  namedResource,
  virtualMachine,
  vulnerability,
} from '../models/azure.ts';
import { identificationRules } from '../identificationRules.ts';
import { queriesFor } from './queries.ts';
import { environmentValues, managementGroups, registryCatalog, subscriptions } from './settings.ts';
import { scoring } from './scoring.ts';

const reader = 'Reader';
const securityReader = 'Security Reader';

const collection = (name: string): Collection => ({
  phase: name,
  path: name,
  top: null,
  expand: null,
  yields: 'records',
  edges: [],
  overflow: null,
});

/** A stream that is one query. That it answers nothing where it answered before proves nothing. */
const queried = (query: string): StreamDefinition['walk'] => ({
  shape: 'collections',
  collections: [{ ...collection(query), answersFor: { like: '%' } }],
});
/** A stream of what findings name. */
const read = (what: Reader): StreamDefinition['walk'] => ({ shape: 'collections', collections: [{ ...collection(what), reader: what }] });

/** What ids of the older shape have, and no others. */
const olderIds = '%/subassessments/%';

const assetStream = { core: ['id'], lacks: [], optional: false, permissions: [reader] } as const;
const findingStream = { core: ['id', 'finding', 'covers'], lacks: [], optional: false, permissions: [securityReader] } as const;

/** What findings name and no other stream has, as of other clouds (decision 51). */
const named = [
  { name: 'named-images', title: 'Container images that only findings name', class: 'container-image' },
  { name: 'named-hosts', title: 'Hosts that only findings name', class: 'host' },
  { name: 'named-container-instances', title: 'Container instances that only findings name', class: 'container-instance' },
  { name: 'named-functions', title: 'Functions that only findings name', class: 'serverless' },
] as const;

export const defenderForCloud: ConnectorDefinition = {
  name: 'defender-for-cloud',
  title: 'Microsoft Defender for Cloud (CNAPP)',
  vendor: 'Microsoft',
  product: 'Defender for Cloud',
  category: 'Cloud Security',
  version: '1.0.0',
  direction: 'Unidirectional (Defender for Cloud to Tidemark)',
  source: 'Defender for Cloud',
  assets: assessedClasses,
  findings: ['vulnerability', 'misconfiguration'],
  notSupported: ['delta', 'import of installed software', 'import of source tags', 'filter queries', 'OCI'],
  settings: z.strictObject({
    subscriptions,
    managementGroups,
    registryCatalog,
    environmentValues,
    scoring,
    identificationRules: identificationRules.prefault({}),
  }),
  queries: (settings, types) =>
    queriesFor({
      assetTypes: assessedClasses.filter((one) => types === null || types.includes(one)),
      environmentValues: settings['environmentValues'] === true,
    }),
  streams: [
    {
      ...assetStream,
      name: 'virtual-machines',
      title: 'Virtual machines',
      docs: 'https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachines',
      class: 'host',
      map: 'defender-for-cloud/virtual-machines',
      model: virtualMachine,
      walk: queried('virtualMachines'),
      identity: machineFacts,
    },
    {
      ...assetStream,
      name: 'registries',
      title: 'Container registries',
      docs: 'https://learn.microsoft.com/azure/templates/microsoft.containerregistry/registries',
      // Which hosts may get a token (decision 55): no assets of their own.
      class: null,
      map: null,
      model: null,
      core: ['id', 'loginServer'],
      walk: queried('registries'),
    },
    {
      ...assetStream,
      name: 'container-images',
      title: 'Container images',
      docs: 'https://learn.microsoft.com/azure/defender-for-cloud/subassessment-rest-api',
      class: 'container-image',
      map: 'defender-for-cloud/container-images',
      model: containerImage,
      after: ['registries', 'vulnerabilities', 'misconfigurations'],
      walk: {
        shape: 'collections',
        collections: [
          { ...collection('images'), reader: 'images' },
          { ...collection('catalog'), reader: 'catalog', setting: 'registryCatalog' },
        ],
      },
    },
    {
      ...assetStream,
      name: 'container-instances',
      title: 'Container instances',
      docs: 'https://learn.microsoft.com/azure/templates/microsoft.containerinstance/containergroups',
      class: 'container-instance',
      map: 'defender-for-cloud/container-instances',
      model: containerInstance,
      walk: queried('containerGroups'),
    },
    {
      ...assetStream,
      name: 'functions',
      title: 'Functions',
      docs: 'https://learn.microsoft.com/azure/templates/microsoft.web/sites',
      class: 'serverless',
      map: 'defender-for-cloud/functions',
      model: functionApp,
      walk: queried('functions'),
    },
    {
      ...findingStream,
      name: 'vulnerabilities',
      title: 'Vulnerabilities',
      docs: 'https://learn.microsoft.com/azure/defender-for-cloud/subassessment-rest-api',
      class: 'vulnerability',
      map: 'defender-for-cloud/image-vulnerabilities',
      maps: [{ when: { path: 'finding.assetClass', equals: 'host' }, map: 'defender-for-cloud/vm-vulnerabilities' }],
      model: vulnerability,
      // Microsoft retired the older shape: that it answers nothing says nothing of today's, and the other way round.
      walk: {
        shape: 'collections',
        collections: [
          { ...collection('vulnerabilities'), answersFor: { like: olderIds, not: true } },
          { ...collection('olderVulnerabilities'), answersFor: { like: olderIds } },
        ],
      },
    },
    {
      ...findingStream,
      name: 'misconfigurations',
      title: 'Misconfigurations',
      docs: 'https://learn.microsoft.com/azure/templates/microsoft.security/assessments',
      class: 'misconfiguration',
      map: 'defender-for-cloud/misconfigurations',
      maps: [{ when: { path: 'finding.assetClass', equals: 'host' }, map: 'defender-for-cloud/compute' }],
      model: assessment,
      walk: queried('misconfigurations'),
    },
    ...named.map(({ name, title, class: of }): StreamDefinition => ({
      ...assetStream,
      name,
      title,
      docs: 'https://learn.microsoft.com/azure/templates/microsoft.security/assessments',
      class: of,
      map: `defender-for-cloud/${name}`,
      model: namedResource,
      after: ['virtual-machines', 'container-images', 'container-instances', 'functions', 'vulnerabilities', 'misconfigurations'],
      permissions: [securityReader],
      walk: read('resources'),
    })),
  ],
  relations: {},
};
