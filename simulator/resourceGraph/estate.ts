// The simulated Azure estate of a tenant: its tables by strands, and what has changed since its beginning.
import { packageKey } from './assessmentRow.ts';
import { findings, type Shapes } from './findings.ts';
import type { ImageNames } from './images.ts';
import { machines } from './machines.ts';
import { Overlay } from './overlay.ts';
import { type Places, placesOf } from './places.ts';
import { platforms } from './platforms.ts';
import type { EstateShape } from './shape.ts';
import type { Slot, Strand } from './strands.ts';

/** What may become of an estate. `vm` and `image` are positions, `package` too. */
export type EstateMutation =
  | { readonly do: 'createVm' }
  | { readonly do: 'deleteVm'; readonly vm: number }
  /** The package of a machine or an image is mended: its row says so, or is gone. */
  | { readonly do: 'patch'; readonly vm?: number; readonly image?: number; readonly package: number; readonly rows: 'healthy' | 'gone' }
  | { readonly do: 'addCve'; readonly vm?: number; readonly image?: number; readonly package: number }
  | { readonly do: 'exempt'; readonly vm?: number; readonly image?: number; readonly package: number };

export class Estate {
  readonly shape: EstateShape;
  readonly places: Places;
  readonly overlay = new Overlay();
  readonly #strands: readonly Strand[];
  readonly #shapes: Readonly<Shapes>;

  constructor(shape: EstateShape, of: { readonly tenantId: string; readonly images: ImageNames; readonly shapes: Readonly<Shapes> }) {
    this.shape = shape;
    this.places = placesOf(shape, of.tenantId, of.images);
    this.#shapes = of.shapes;
    const [vms, ...network] = machines(this.places, this.overlay);
    const [groups, ...others] = platforms(this.places);
    // In the order of ids: rg-compute, rg-containers, rg-registries, rg-web.
    this.#strands = [vms, ...network, groups, ...others]
      .filter((strand) => strand !== undefined)
      .concat(findings(this.places, this.overlay, of.shapes));
  }

  /** In the order of ids within a subscription. */
  strands(table: string): readonly Strand[] {
    return this.#strands.filter((strand) => strand.table === table.toLowerCase());
  }

  /** Moves whenever rows may be others. */
  version(): string {
    return `${this.overlay.version} ${String(this.#shapes.olderFindings)}`;
  }

  /** Whether a resource has the row of a slot. */
  has(strand: Strand, slot: Slot, resource: number): boolean {
    const number = resource * strand.every;
    if (this.overlay.goneOf(strand.kind).has(number)) return false;
    return slot.isAbsent?.(resource) !== true && this.overlay.changesOf(`${strand.kind} ${slot.key}`).get(number)?.gone !== true;
  }

  /** The positions of these slots that have no row, in rising order. */
  absent(strand: Strand, slots: readonly Slot[]): number[] {
    const found: number[] = [];
    for (const resource of this.#suspects(strand, slots)) {
      slots.forEach((slot, place) => {
        if (!this.has(strand, slot, resource)) found.push(resource * slots.length + place);
      });
    }
    return found;
  }

  /** Throws for a change that cannot be made. */
  mutate(change: EstateMutation): void {
    if (change.do === 'createVm') {
      this.overlay.createdVms += 1;
      this.overlay.version += 1;
      return;
    }
    if (change.do === 'deleteVm') return this.overlay.remove('vm', change.vm);
    const kind = change.vm === undefined ? 'image' : 'vm';
    const number = change.vm ?? change.image;
    if (number === undefined) throw new Error('A change of a package names a vm or an image.');
    const more =
      change.do === 'addCve'
        ? { moreCves: 1 }
        : change.do === 'exempt'
          ? { status: 'Exempt' as const }
          : change.rows === 'gone'
            ? { gone: true }
            : { status: 'Healthy' as const };
    this.overlay.change(`${kind} ${packageKey(change.package)}`, number, more);
  }

  /** Resources that may lack a row, in rising order: all, where some lack one from the beginning. */
  #suspects(strand: Strand, slots: readonly Slot[]): Iterable<number> {
    const count = strand.count();
    if (slots.some(({ isAbsent }) => isAbsent !== undefined)) return Array.from({ length: count }, (_, resource) => resource);
    const numbers = new Set(this.overlay.goneOf(strand.kind));
    for (const { key } of slots)
      for (const [number, { gone }] of this.overlay.changesOf(`${strand.kind} ${key}`)) if (gone === true) numbers.add(number);
    return [...numbers]
      .filter((number) => number % strand.every === 0 && number / strand.every < count)
      .map((number) => number / strand.every)
      .toSorted((a, b) => a - b);
  }
}
