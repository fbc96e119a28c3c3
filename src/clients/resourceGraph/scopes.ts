// What a query is asked of: subscriptions or management groups, in batches of a stable order.
// MUST ask each page of a batch with the same scopes: the token of the page before belongs to them.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import type { Ask } from '../ask.ts';
import { checkLink, under } from '../graphLinks.ts';
import type { FetchOptions } from '../source.ts';
import { readerHint } from './errors.ts';
import type { Position } from './position.ts';

export type Scope = { readonly subscriptions: 'all' | readonly string[] } | { readonly managementGroups: readonly string[] };

export interface Batch {
  readonly kind: 'subscriptions' | 'managementGroups';
  readonly ids: readonly string[];
  /** Tells it from other batches. */
  readonly mark: string;
  /** The first id of the batch after it, or null. */
  readonly next: string | null;
}

/** The most that one query takes. https://learn.microsoft.com/azure/governance/resource-graph/troubleshoot/general */
const most = { subscriptions: 1_000, managementGroups: 10 } as const;
/** A list of so many pages never ends; a tenant has fewer. */
const mostListPages = 1_000;

const subscriptionsSchema = z.object({
  value: z.array(z.object({ subscriptionId: z.guid(), state: z.string().nullish() })),
  nextLink: z.string().nullish(),
});

export class Scopes {
  readonly #base: URL;
  readonly #scope: Scope;
  /** The ids as they were listed last. */
  #listed: readonly string[] | null = null;

  constructor(base: URL, scope: Scope) {
    this.#base = base;
    this.#scope = scope;
  }

  /**
   * The batch of a position. Each batch begins with the list as it is then; one that has begun goes on with the list it began with.
   * Codes: SOURCE_FORBIDDEN when a subscription is not readable, or none; CURSOR_EXPIRED (`details.link` 'page') when the batch is no longer what it was.
   */
  async batch({ from, batch }: Pick<Position, 'from' | 'batch'>, ask: Ask, options: FetchOptions): Promise<Batch> {
    const known = batch === undefined || this.#listed === null ? null : this.#cut(this.#listed, from);
    if (known !== null && known.mark === batch) return known;
    this.#listed = await this.#list(ask, options);
    const fresh = this.#cut(this.#listed, from);
    if (batch === undefined || fresh.mark === batch) return fresh;
    throw new TidemarkError('CURSOR_EXPIRED', 'The subscriptions have changed while they were read.', { details: { link: 'page' } });
  }

  #cut(all: readonly string[], from = ''): Batch {
    const kind = 'managementGroups' in this.#scope ? 'managementGroups' : 'subscriptions';
    const rest = all.filter((id) => id >= from);
    const ids = rest.slice(0, most[kind]);
    const mark = createHash('sha256').update(ids.join('\n')).digest('base64url').slice(0, 16);
    return { kind, ids, mark, next: rest[most[kind]] ?? null };
  }

  async #list(ask: Ask, options: FetchOptions): Promise<readonly string[]> {
    const scope = this.#scope;
    if ('managementGroups' in scope) return sorted(scope.managementGroups);
    const readable = await this.#readable(ask, options);
    if (readable.length === 0) {
      throw new TidemarkError('SOURCE_FORBIDDEN', 'The application can read no subscription.', { hint: readerHint });
    }
    if (scope.subscriptions === 'all') return readable;
    // Resource Graph leaves out what the application may not read, without a word: its rows would count as gone.
    const hidden = sorted(scope.subscriptions).filter((id) => !readable.includes(id));
    if (hidden.length === 0) return sorted(scope.subscriptions);
    throw new TidemarkError('SOURCE_FORBIDDEN', `The application cannot read these subscriptions: ${hidden.slice(0, 10).join(', ')}.`, {
      hint: readerHint,
      details: { subscriptions: hidden.slice(0, 10) },
    });
  }

  /** https://learn.microsoft.com/rest/api/resources/subscriptions/list */
  async #readable(ask: Ask, options: FetchOptions): Promise<readonly string[]> {
    const found: string[] = [];
    let url = under(this.#base, '/subscriptions?api-version=2022-12-01');
    for (let page = 0; page < mostListPages; page += 1) {
      const { body } = await ask({ method: 'GET', url }, options);
      const read = subscriptionsSchema.safeParse(body);
      if (!read.success) throw new TidemarkError('SOURCE_SHAPE_CHANGED', 'The list of subscriptions is not of the expected type.');
      found.push(...read.data.value.filter(({ state }) => state !== 'Deleted').map(({ subscriptionId }) => subscriptionId));
      const { nextLink } = read.data;
      // An empty page may have a next one.
      if (nextLink === undefined || nextLink === null || nextLink === '') return sorted(found);
      url = checkLink(this.#base, nextLink);
    }
    throw new TidemarkError('LINK_REFUSED', 'The list of subscriptions has no end.');
  }
}

const sorted = (ids: readonly string[]): string[] => [...new Set(ids.map((id) => id.toLowerCase()))].toSorted();
