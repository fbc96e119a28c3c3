// defender-for-cloud (document 004): cloud resources of subscriptions as assets, and what Microsoft Defender for Cloud finds on them.
import { z } from 'zod';
import type { ConnectorDefinition, StreamDefinition } from '../definition.ts';
import { assessment, virtualMachine } from '../models/azure.ts';
import { queriesFor } from './queries.ts';
import { managementGroups, subscriptions } from './settings.ts';

const reader = 'Reader';
const securityReader = 'Security Reader';

/** A stream that is one query. */
function queried(query: string): StreamDefinition['walk'] {
  return {
    shape: 'collections',
    collections: [{ phase: query, path: query, top: null, expand: null, yields: 'records', edges: [], overflow: null }],
  };
}

const assetStream = { core: ['id'], lacks: [], optional: false, permissions: [reader] } as const;
const findingStream = { core: ['id', 'finding'], lacks: [], optional: false, permissions: [securityReader] } as const;

export const defenderForCloud: ConnectorDefinition = {
  name: 'defender-for-cloud',
  title: 'Microsoft Defender for Cloud (CNAPP)',
  vendor: 'Microsoft',
  product: 'Defender for Cloud',
  category: 'Cloud Security',
  version: '1.0.0',
  direction: 'Unidirectional (Defender for Cloud to Tidemark)',
  source: 'Defender for Cloud',
  assets: ['host', 'container-image', 'container-instance', 'serverless'],
  findings: ['vulnerability', 'misconfiguration'],
  notSupported: ['delta', 'import of installed software', 'import of source tags', 'filter queries', 'OCI'],
  settings: z.strictObject({ subscriptions, managementGroups }),
  queries: queriesFor({ assetTypes: ['host', 'container-image', 'container-instance', 'serverless'] }),
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
  ],
  relations: {},
};
