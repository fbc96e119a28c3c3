// Microsoft's national clouds: where tokens come from, and where Graph and Resource Graph answer. Tokens of one cloud are worth nothing in another.
// Sources: https://learn.microsoft.com/graph/deployments, https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure
import { TidemarkError } from '../errors.ts';

const clouds = {
  global: { login: 'https://login.microsoftonline.com', graph: 'https://graph.microsoft.com/v1.0', arm: 'https://management.azure.com' },
  usgov: {
    login: 'https://login.microsoftonline.us',
    graph: 'https://graph.microsoft.us/v1.0',
    arm: 'https://management.usgovcloudapi.net',
  },
  'usgov-dod': {
    login: 'https://login.microsoftonline.us',
    graph: 'https://dod-graph.microsoft.us/v1.0',
    arm: 'https://management.usgovcloudapi.net',
  },
  china: {
    login: 'https://login.chinacloudapi.cn',
    graph: 'https://microsoftgraph.chinacloudapi.cn/v1.0',
    arm: 'https://management.chinacloudapi.cn',
  },
} as const;

export type Cloud = keyof typeof clouds | 'custom';

export const cloudNames = ['global', 'usgov', 'usgov-dod', 'china', 'custom'] as const satisfies readonly Cloud[];

export interface Endpoints {
  readonly login: string;
  /** Graph's base with its version; no slash at the end. */
  readonly graph: string;
  /** Azure Resource Manager's base, which Resource Graph is a part of; absent in a custom cloud that has none. */
  readonly arm?: string | undefined;
  /** PEM of the authority that signed the endpoints' certificates; null: the system's. */
  readonly ca: string | null;
}

/** Where a connection's requests go. @throws CONFIG_INVALID for a custom cloud without its endpoints: credentials MUST NOT go to another cloud. */
export function endpointsOf(spec: { readonly cloud: Cloud; readonly endpoints: Endpoints | null }): Endpoints {
  if (spec.endpoints !== null) return spec.endpoints;
  if (spec.cloud === 'custom') throw new TidemarkError('CONFIG_INVALID', 'A custom cloud needs endpoints.login and endpoints.graph.');
  return { ...clouds[spec.cloud], ca: null };
}
