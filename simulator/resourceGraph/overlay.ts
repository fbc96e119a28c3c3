// What changed in an estate since its beginning, by resource and by row.

export interface RowChange {
  /** The row is not there any more. */
  readonly gone?: boolean;
  readonly status?: 'Healthy' | 'Exempt';
  /** CVEs that it has more than at the beginning. */
  readonly moreCves?: number;
}

export class Overlay {
  /** Moves with every change. */
  version = 0;
  createdVms = 0;
  readonly #gone = new Map<string, Set<number>>();
  readonly #rows = new Map<string, Map<number, RowChange>>();

  remove(kind: string, resource: number): void {
    const gone = this.#gone.get(kind) ?? new Set();
    this.#gone.set(kind, gone.add(resource));
    this.version += 1;
  }

  goneOf(kind: string): ReadonlySet<number> {
    return this.#gone.get(kind) ?? new Set();
  }

  /** `slot`: the strand's name and the slot's key. */
  change(slot: string, resource: number, change: RowChange): void {
    const rows = this.#rows.get(slot) ?? new Map<number, RowChange>();
    const before = rows.get(resource);
    const moreCves = (before?.moreCves ?? 0) + (change.moreCves ?? 0);
    this.#rows.set(slot, rows.set(resource, { ...before, ...change, moreCves }));
    this.version += 1;
  }

  changesOf(slot: string): ReadonlyMap<number, RowChange> {
    return this.#rows.get(slot) ?? new Map();
  }
}
