// An estate of about as many findings as are asked for, and how many it really has: counted from its rows by plain code, not by what is measured.
import { z } from 'zod';
import type { SimulatorControl } from '../../simulator/control.ts';
import { cveCount, type EstateOptions, estateShapeOf } from '../../simulator/resourceGraph/shape.ts';

export interface EstateSize {
  readonly vms: number;
  readonly images: number;
  readonly registries: number;
  /** About so many: a package has a whole number of CVEs. */
  readonly findings: number;
}

const packages = 5;
const misconfigurations = 3;
/** Rows of twenty that tell an open flaw; the others are healthy or exempt. */
const openShare = 17 / 20;
const mostCves = 50;

export function estateOf({ vms, images, registries, findings }: EstateSize): EstateOptions {
  const withCves = (cvesPerPackage: number): EstateOptions => ({
    vms,
    images,
    registries,
    packagesPerVm: packages,
    packagesPerImage: packages,
    cvesPerPackage,
    misconfigurations,
  });
  const away = (estate: EstateOptions): number => {
    const shape = estateShapeOf(estate, 1);
    const flaws = Array.from({ length: packages }, (_, pack) => cveCount(shape, pack)).reduce((sum, count) => sum + count, 0);
    return Math.abs(openShare * ((vms + images) * flaws + vms * misconfigurations) - findings);
  };
  return Array.from({ length: mostCves }, (_, index) => withCves(index + 1)).reduce((best, estate) =>
    away(estate) < away(best) ? estate : best,
  );
}

const cves = z.array(z.object({ CveId: z.string() }));
const site = z.object({ id: z.string(), kind: z.string() });
const assessment = z.object({
  name: z.string(),
  properties: z.object({
    status: z.object({ code: z.string() }),
    metadata: z.object({ recommendationCategory: z.string() }),
    resourceDetails: z.object({ ResourceType: z.string(), NativeResourceId: z.string() }),
    // Mostly text of JSON; a list for some.
    additionalData: z.object({ SoftwareName: z.string(), CvesDetails: z.union([z.string(), cves]).default([]) }).optional(),
  }),
});

export interface Truth {
  /** A CVE of a package of a resource, or a rule that a resource breaks; each once, however many rows tell it. */
  readonly open: number;
  /** Images in registries of Azure on which one is open: an image without any is named by nobody. */
  readonly images: number;
}

export async function truthOf(simulator: SimulatorControl): Promise<Truth> {
  const functions = new Set<string>();
  for await (const row of simulator.truth('sites')) {
    const { id, kind } = site.parse(row);
    if (kind.includes('functionapp') && !kind.includes('workflowapp')) functions.add(id.toLowerCase());
  }
  const open = new Set<string>();
  const images = new Set<string>();
  for await (const row of simulator.truth('assessments')) {
    const { name, properties } = assessment.parse(row);
    const { status, metadata, resourceDetails, additionalData } = properties;
    if (status.code !== 'Unhealthy') continue;
    const resource = resourceDetails.NativeResourceId.toLowerCase();
    const isImage = resourceDetails.ResourceType.toLowerCase() === '.containerimage';
    if (metadata.recommendationCategory === 'SoftwareUpdate') {
      for (const { CveId } of cvesOf(additionalData?.CvesDetails ?? [])) open.add(`${resource} ${CveId} ${additionalData?.SoftwareName}`);
      if (isImage) images.add(resource);
      continue;
    }
    // Images of Azure have no misconfigurations, and of sites only functions are assets (document 004).
    const isOther = resource.includes('/microsoft.web/sites/') && !functions.has(resource);
    if (!isImage && !isOther) open.add(`${resource} ${name}`);
  }
  return { open: open.size, images: images.size };
}

const cvesOf = (told: string | z.output<typeof cves>): z.output<typeof cves> =>
  typeof told === 'string' ? cves.parse(JSON.parse(told)) : told;
