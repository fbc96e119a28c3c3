// The size of a simulated Azure estate. MUST stay deterministic in (seed, size): every row follows from its position.

export interface EstateOptions {
  readonly vms?: number;
  readonly images?: number;
  readonly registries?: number;
  readonly containerGroups?: number;
  readonly sites?: number;
  /** Resources of each kind that Defender for Cloud knows of AWS, and of GCP. */
  readonly otherClouds?: number;
  readonly subscriptions?: number;
  readonly packagesPerVm?: number;
  readonly packagesPerImage?: number;
  /** The average; a package has from one to twice as many less one. */
  readonly cvesPerPackage?: number;
  /** Recommendations that are no vulnerabilities, for each resource. */
  readonly misconfigurations?: number;
}

export type EstateShape = Required<EstateOptions> & { readonly seed: number };

const defaults: Required<EstateOptions> = {
  vms: 40,
  images: 24,
  registries: 3,
  containerGroups: 10,
  sites: 12,
  otherClouds: 4,
  subscriptions: 3,
  packagesPerVm: 3,
  packagesPerImage: 4,
  cvesPerPackage: 2,
  misconfigurations: 3,
};

export const estateSizes = Object.keys(defaults);

/** Throws RangeError for a number that is no size. */
export function estateShapeOf(options: EstateOptions, seed: number): EstateShape {
  const shape = { ...defaults, ...options, seed };
  for (const [name, value] of Object.entries(shape)) {
    if (!Number.isSafeInteger(value) || value < 0 || value > 0x7fffffff) throw new RangeError(`${name} must be a whole number from 0.`);
  }
  if (shape.subscriptions < 1 || (shape.images > 0 && shape.registries < 1))
    throw new RangeError('Rows need a subscription, and images a registry.');
  return shape;
}

/** How many CVEs a package has: the same wherever it is installed. */
export function cveCount({ cvesPerPackage }: EstateShape, pack: number): number {
  return cvesPerPackage === 0 ? 0 : 1 + ((pack * 7 + cvesPerPackage - 1) % (2 * cvesPerPackage - 1));
}

export const pad = (value: number, length: number): string => String(value).padStart(length, '0');
