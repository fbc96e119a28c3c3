// What the activities are made from, and what they share.
import type { Client } from '@temporalio/client';
import type { ReadLists } from '../clients/lists/index.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database.ts';
import type { Credentials } from './credentials.ts';
import type { Sources } from './sources.ts';

export interface Dependencies {
  readonly database: Database;
  /** null only where no Temporal is: then nothing is asked of it. */
  readonly client: Client | null;
  readonly config: Pick<
    Config,
    'timings' | 'admission' | 'changesDays' | 'ordersDays' | 'exportDir' | 'ordersDir' | 'lists' | 'secrets' | 'allowedOrigins' | 'proxy'
  >;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The build that Temporal knows this worker by; null without versions (docs/upgrading.md). */
  readonly build: string | null;
  /** Aborted on SIGTERM: long activities end at their next page. */
  readonly draining: AbortSignal;
}

export interface Shared extends Dependencies {
  readonly sources: Sources;
  readonly credentials: Credentials;
  /** Lists by which CVEs are scored. */
  readonly lists: ReadLists;
}
