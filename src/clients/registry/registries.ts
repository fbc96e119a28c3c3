// The registries of a connection: one client each, with its tokens and its pace, kept while the connection is read.
import type { Http } from '../http.ts';
import { createRegistry, type Registry } from './registry.ts';
import type { RegistryCredential } from './registryTokens.ts';
import { allowedRegistry, type KnownRegistries } from './allowed.ts';

export interface Registries {
  /** The client of a host. null: the host may not have the connection's credential (decision 55), and is not asked anything. */
  of(host: string, listed: readonly string[]): Registry | null;
  /** The hosts that may have it, in order. */
  hosts(listed: readonly string[]): string[];
}

export interface RegistriesOptions {
  readonly http: Http;
  readonly credential: RegistryCredential;
  readonly known: Omit<KnownRegistries, 'listed'>;
}

export function createRegistries({ http, credential, known }: RegistriesOptions): Registries {
  const clients = new Map<string, Registry>();
  return {
    of(host, listed) {
      if (!allowedRegistry(host, { ...known, listed })) return null;
      const name = host.toLowerCase();
      const client = clients.get(name) ?? createRegistry({ host: name, credential, http });
      clients.set(name, client);
      return client;
    },
    hosts(listed) {
      const named = new Set([...known.endpoints, ...listed].map((host) => host.toLowerCase()));
      return [...named].filter((host) => allowedRegistry(host, { ...known, listed })).sort();
    },
  };
}
