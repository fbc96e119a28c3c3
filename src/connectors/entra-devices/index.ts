// entra-devices (document 002): the devices of a Microsoft Entra ID tenant as host assets.
import { z } from 'zod';
import { deviceFacts } from '../../mappings/identity/records.ts';
import type { ConnectorDefinition } from '../definition.ts';
import { identificationRules } from '../identificationRules.ts';
import { device } from '../models/graph.ts';
import { includeTags } from '../tag.ts';

// The document shows tabs for these two and says that there is nothing behind them (decision 40).
const noFilters = 'has nothing to act on: this connector has no filter queries';
const noSeverity = 'has nothing to act on: this connector has no findings, so nothing has a risk severity';

export const entraDevices: ConnectorDefinition = {
  name: 'entra-devices',
  title: 'Microsoft Entra ID (Devices)',
  vendor: 'Microsoft',
  product: 'Microsoft Entra ID',
  category: 'Assets (Devices)',
  version: '1.0.0',
  direction: 'Unidirectional (Microsoft Entra ID to Tidemark)',
  source: 'Microsoft',
  assets: ['host'],
  findings: [],
  notSupported: ['findings', 'import of installed software', 'import of source tags', 'filter queries'],
  settings: z.strictObject({ includeTags, identificationRules: identificationRules.exactOptional() }),
  refusedSettings: {
    filter: noFilters,
    filters: noFilters,
    filterQuery: noFilters,
    riskSeverity: noSeverity,
    riskSeverityMapping: noSeverity,
  },
  defaultEvery: 'daily',
  streams: [
    {
      name: 'devices',
      title: 'Devices',
      docs: 'https://learn.microsoft.com/graph/api/device-delta',
      class: 'host',
      map: 'entra-devices/devices',
      model: device,
      // A device of an Azure machine names the machine among its physical ids.
      core: ['id', 'displayName', 'physicalIds'],
      lacks: [],
      walk: { shape: 'list', path: 'devices', top: 999, edges: [] },
      optional: false,
      // Higher ones may list devices; their changes are told to this one alone: https://learn.microsoft.com/graph/api/device-delta#permissions
      permissions: ['Device.Read.All'],
      identity: deviceFacts,
    },
  ],
  relations: {},
};
