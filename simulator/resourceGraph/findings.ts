// The rows of Defender for Cloud: a strand for each kind of resource that it assesses.
import type { Overlay } from './overlay.ts';
import type { Places } from './places.ts';
import { misconfigurationSlot, softwareSlot } from './recommendations.ts';
import type { EstateShape } from './shape.ts';
import type { Strand } from './strands.ts';
import { olderSlots } from './subAssessments.ts';
import { type Subjects, subjectsOf } from './subjects.ts';

export interface Shapes {
  /** Sub-assessments, retired on 2026-07-31, are still sent. */
  olderFindings: boolean;
}

export function findings(places: Places, overlay: Overlay, shapes: Readonly<Shapes>): Strand[] {
  return subjectsOf(places, overlay).map((subjects) => {
    const writer = { places, overlay, subjects };
    const packs = Array.from({ length: packagesOf(places.shape, subjects) }, (_, pack) => pack);
    const today = packs.map((pack) => softwareSlot(writer, pack));
    const others = Array.from({ length: places.shape.misconfigurations }, (_, rule) => misconfigurationSlot(writer, rule));
    // In the order of the ids: the keys of packages begin with 0, of older groups with 1 or c, of others with f.
    const older = packs.flatMap((pack) => olderSlots(writer, pack));
    return {
      name: subjects.name,
      kind: subjects.kind,
      every: subjects.every,
      table: 'securityresources',
      count: () => subjects.count(),
      subscriptionOf: (resource) => subjects.subscriptionOf(resource),
      slots: () => (shapes.olderFindings ? [...today, ...older, ...others] : [...today, ...others]),
    };
  });
}

function packagesOf(shape: EstateShape, { packages, source }: Subjects): number {
  if (packages === null) return 0;
  if (source !== 'Azure') return Math.min(shape.packagesPerVm, 1);
  return packages === 'machine' ? shape.packagesPerVm : shape.packagesPerImage;
}
