// What the pull asks of a source: pages by link, and whether single records still exist. One implementation per API.
import type { QueryObjects } from '../connectors/queryDefinition.ts';
import type { JsonObject } from '../model.ts';

export interface SourcePage {
  /** As sent; validated to be objects. */
  readonly objects: readonly JsonObject[];
  /** What the source sent that is no object of its kind: set aside under an id with its reason, never a value. */
  readonly rejects?: QueryObjects['rejects'];
  /** A link to the next page, or null. MUST NOT be there together with `cursor`. */
  readonly next: string | null;
  /** The delta link that ends a round, or null. */
  readonly cursor: string | null;
  readonly requests: number;
  readonly bytes: number;
  /** How long this page waited because the source asked for it. */
  readonly throttledMs: number;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** Called before a wait that the source asked for, and at each sign of life (bytes, retries): it moves the watchdog. */
  readonly alive?: (waitMs?: number) => void;
  /** A wait longer than this is not waited: SOURCE_THROTTLED with retryAfterMs. */
  readonly longestWaitMs: number;
}

export interface Source {
  /**
   * Builds the absolute link that reads a collection; `delta` asks for a delta query's first round, `latest` for its empty baseline.
   */
  link(of: {
    readonly path: string;
    readonly select: readonly string[];
    readonly top?: number | null;
    readonly expand?: string | null;
    readonly delta?: 'first' | 'latest';
    /** The classes of assets whose findings are asked for; absent: all. */
    readonly types?: readonly string[];
  }): string;
  /** Reads one page. Codes: SOURCE_*, CURSOR_EXPIRED (sync state gone, or an expired page link: `details.link` is 'cursor' or 'page'), LINK_REFUSED. */
  page(link: string, options: FetchOptions): Promise<SourcePage>;
  /** Which of the objects of a collection the source no longer has: only a 404 counts as gone. In batches of 20. */
  gone(
    of: { readonly path: string; readonly ids: readonly string[] },
    options: FetchOptions,
  ): Promise<{ readonly gone: ReadonlySet<string>; readonly requests: number }>;
  /** Which of the pairs (group, member) exist; asked for pairs that one round both added and removed. */
  hasMembers(
    of: { readonly path: string; readonly property: string; readonly pairs: readonly { readonly from: string; readonly to: string }[] },
    options: FetchOptions,
  ): Promise<{ readonly present: readonly boolean[]; readonly requests: number }>;
  /** Whether the application has the permission, as its token says. */
  holds(permission: string, options: Pick<FetchOptions, 'signal'>): Promise<boolean>;
}
