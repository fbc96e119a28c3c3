// The API that a connection reads, and what a token for it is asked for.
import { TidemarkError } from '../errors.ts';
import { endpointsOf } from './clouds.ts';
import { connectorNamed } from './index.ts';
import type { ConnectionSpec } from './spec.ts';

export interface Api {
  readonly name: 'Microsoft Graph' | 'Azure Resource Graph';
  /** No slash at the end. */
  readonly base: string;
  readonly origin: string;
}

/** @throws CONFIG_INVALID */
export function apiOf(spec: Pick<ConnectionSpec, 'connector' | 'cloud' | 'endpoints'>): Api {
  const { graph, arm } = endpointsOf(spec);
  if (connectorNamed(spec.connector).queries === undefined) return { name: 'Microsoft Graph', base: graph, origin: new URL(graph).origin };
  if (arm === undefined) throw new TidemarkError('CONFIG_INVALID', `A custom cloud needs endpoints.arm for ${spec.connector}.`);
  return { name: 'Azure Resource Graph', base: arm, origin: new URL(arm).origin };
}
