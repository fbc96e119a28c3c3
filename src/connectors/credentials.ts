// What a connection logs in by: its references, and what a kept secret has to be bound to for it. Pure.
import type { SecretBinding } from '../model.ts';
import { endpointsOf } from './clouds.ts';
import type { ConnectionSpec } from './spec.ts';

/** The references in their order, the preferred one first; `identity:KIND` stands for an identity of the platform. */
export function referencesOf({ credentials }: ConnectionSpec): readonly string[] {
  const { clientSecret, clientCertificate, identity } = credentials;
  return clientSecret ?? clientCertificate ?? (identity === null ? [] : [`identity:${identity}`]);
}

/** What a kept secret of this connection has to be bound to. @throws CONFIG_INVALID */
export function bindingOf(spec: ConnectionSpec): SecretBinding {
  const { tenantId, clientCertificate } = spec.credentials;
  return {
    tenant: tenantId,
    login: new URL(endpointsOf(spec).login).origin,
    purpose: clientCertificate === null ? 'clientSecret' : 'clientCertificate',
  };
}

/** Whether a clientId says where the id is, rather than the id itself. */
export const isReference = (clientId: string): boolean => clientId.includes(':');

/** Whether a connection logs in by this kept secret. */
export function usesSecret(spec: ConnectionSpec, name: string): boolean {
  return referencesOf(spec).includes(`secret:${name}`);
}
