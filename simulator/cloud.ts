// What all handlers share: the tenant, its settings, its clock and the sealer of links.
import type { Password } from './applications.ts';
import type { Federation } from './federation.ts';
import type { Replication } from './replication.ts';
import type { Sealer } from './seal.ts';
import type { Tenant } from './tenant.ts';

/** Settings that may change while the simulator runs. */
export interface Settings {
  /** Application permissions granted to the app; in tokens issued from now on. */
  roles: readonly string[];
  /** Lifetime of access tokens, seconds. @default 3599 */
  tokenLifetimeS: number;
  /** Most objects of a page of a delta query. @default 200 */
  deltaPageSize: number;
  /** Most members and owners of such a page; a group's list that does not fit goes on under the same id. @default 1000 */
  deltaMemberPageSize: number;
  /** `net`: one entry per object and member of a round; `each`: every single change, in order. @default net */
  deltaEvents: 'net' | 'each';
  /** Resource units per 10 seconds; null: no limit. @default by the tenant's size, as documented: 3500, 5000 or 8000 */
  quota: number | null;
  /** Write requests per 150 seconds; null: no limit. @default 3000, as documented for one app in one tenant */
  writeQuota: number | null;
  /** How many requests that name a new object do not see it yet. @default 0 */
  replicationLag: number;
  /** An expired secret is refused with AADSTS7000222. @default false */
  secretExpired: boolean;
  /** The client secrets. @default the simulator's one, for 180 days */
  passwords: readonly Password[];
  /** Platforms whose tokens are taken in place of a secret. @default none */
  federations: readonly Federation[];
  /** PEM certificates that may sign client assertions. @default none */
  certificates: readonly string[];
  /** Queries of Resource Graph per 5 seconds; null: no limit. Microsoft's is 15. @default null */
  queryQuota: number | null;
  /** The largest answer of Resource Graph in bytes. @default 16 MiB, as documented */
  responseBytes: number;
  /** How many subscriptions the application may read; null: all. @default null */
  readableSubscriptions: number | null;
  /** Whether Defender for Cloud still sends sub-assessments, which were retired on 2026-07-31. @default false */
  olderFindings: boolean;
}

export interface Cloud {
  /** What is new and not known everywhere yet. */
  readonly replication: Replication;
  readonly tenant: Tenant;
  readonly settings: Settings;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly sealer: Sealer;
  /** Tells tenants of another seed or size. */
  readonly size: string;
  /** Differs at each start. */
  readonly epoch: string;
  /** The simulated time, milliseconds. */
  now(): number;
  /** `https://localhost:PORT` */
  origin(): string;
  /** What tokens are issued for. */
  audiences(): readonly string[];
  /** Tokens of another generation are dead; the fault `tokenDies` moves it. */
  tokenGeneration: number;
}

const dayMs = 86_400_000;
/** Directory delta tokens live 7 days. */
export const deltaLifeMs = 7 * dayMs;
/** Page tokens live shorter; how long is not documented. */
export const pageLifeMs = dayMs / 2;

/** The documented quota: fewer than 50 users, up to 500, more. */
export function quotaOf(users: number): number {
  return users < 50 ? 3500 : users <= 500 ? 5000 : 8000;
}
