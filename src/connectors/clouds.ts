// Microsoft's national clouds: where tokens come from and where Graph answers. Tokens of one cloud are worth nothing in another.
// Source: https://learn.microsoft.com/graph/deployments
import { TidemarkError } from '../errors.ts';

const clouds = {
  global: { login: 'https://login.microsoftonline.com', graph: 'https://graph.microsoft.com/v1.0' },
  usgov: { login: 'https://login.microsoftonline.us', graph: 'https://graph.microsoft.us/v1.0' },
  'usgov-dod': { login: 'https://login.microsoftonline.us', graph: 'https://dod-graph.microsoft.us/v1.0' },
  china: { login: 'https://login.chinacloudapi.cn', graph: 'https://microsoftgraph.chinacloudapi.cn/v1.0' },
} as const;

export type Cloud = keyof typeof clouds | 'custom';

export const cloudNames = ['global', 'usgov', 'usgov-dod', 'china', 'custom'] as const satisfies readonly Cloud[];

export interface Endpoints {
  readonly login: string;
  /** Graph's base with its version; no slash at the end. */
  readonly graph: string;
  /** PEM of the authority that signed the endpoints' certificates; null: the system's. */
  readonly ca: string | null;
}

/** Where a connection's requests go. @throws CONFIG_INVALID for a custom cloud without its endpoints: credentials MUST NOT go to another cloud. */
export function endpointsOf(spec: { readonly cloud: Cloud; readonly endpoints: Endpoints | null }): Endpoints {
  if (spec.endpoints !== null) return spec.endpoints;
  if (spec.cloud === 'custom') throw new TidemarkError('CONFIG_INVALID', 'A custom cloud needs endpoints.login and endpoints.graph.');
  return { ...clouds[spec.cloud], ca: null };
}
