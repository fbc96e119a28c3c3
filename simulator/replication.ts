// The time in which a new object is not known everywhere: so many requests that name it are answered as if it were not there.
// Counted in requests and not in time, so that tests need no sleeps.
// Source: learn.microsoft.com/graph/api/group-post-members (replication delays), the eventual consistency guide of Microsoft Entra
import type { Settings } from './cloud.ts';

export class Replication {
  readonly #left = new Map<string, number>();
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** An object was made now. */
  begin(id: string): void {
    if (this.#settings.replicationLag > 0) this.#left.set(id, this.#settings.replicationLag);
  }

  /** Whether this request does not see the object yet. MUST be asked once per request and object: it counts. */
  hides(id: string): boolean {
    const left = this.#left.get(id);
    if (left === undefined) return false;
    if (left <= 1) this.#left.delete(id);
    else this.#left.set(id, left - 1);
    return true;
  }
}
