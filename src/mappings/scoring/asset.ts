// The criticality (1 to 5) and the score (0 to 1,000) of an asset, with what they are made of. Pure.
import type { ScoringConfig } from './config.ts';
import type { Explained, Part } from './explained.ts';

/** The highest of its tags'; without any the one of its class, else the default (decision 56). */
export function criticalityOf(
  asset: { readonly class: string; readonly tags: readonly { readonly name: string; readonly criticality: number | null }[] },
  { criticality }: Pick<ScoringConfig, 'criticality'>,
): Explained {
  let highest: { readonly name: string; readonly criticality: number } | null = null;
  for (const { name, criticality: of } of asset.tags) {
    // Of equal ones the first by name, so that the explanation does not change from run to run.
    if (of !== null && (highest === null || of > highest.criticality || (of === highest.criticality && name < highest.name)))
      highest = { name, criticality: of };
  }
  if (highest !== null) return criticalityFrom(highest.criticality, `tag ${highest.name}`);
  const ofClass = Object.hasOwn(criticality.byClass, asset.class) ? criticality.byClass[asset.class] : undefined;
  return ofClass === undefined
    ? criticalityFrom(criticality.default, 'the default of the configuration')
    : criticalityFrom(ofClass, `the configuration of class ${asset.class}`);
}

const criticalityFrom = (value: number, source: string): Explained => ({
  value,
  parts: [{ what: 'criticality', value, source, contribution: value }],
});

/** The open findings of an asset, as one query counts them. */
export interface OpenFindings {
  readonly highestQds: number;
  readonly bySeverity: { readonly critical: number; readonly high: number; readonly medium: number; readonly low: number };
}

const levels = ['critical', 'high', 'medium', 'low'] as const;

/**
 * min(criticality × (highest QDS × factor + Σ count × weight), 1,000). The contributions are of the score before it is cut at 1,000.
 * An asset without open findings scores 0.
 */
export function scoreAsset(criticality: Explained, { highestQds, bySeverity }: OpenFindings, { asset, bands }: ScoringConfig): Explained {
  const level = highestQds >= bands[5] ? 'critical' : highestQds >= bands[4] ? 'high' : 'other';
  const factor = asset.factors[level];
  const times = criticality.value;
  const parts: Part[] = [
    { what: 'criticality', value: times, source: criticality.parts[0]?.source ?? '', contribution: 0 },
    {
      what: `highest QDS, times ${factor}, times criticality`,
      value: highestQds,
      source: `its findings, and factor ${level} of the configuration`,
      contribution: times * highestQds * factor,
    },
    ...levels.map((name) => ({
      what: `${name} findings, each ${asset.weights[name]}, times criticality`,
      value: bySeverity[name],
      source: `its findings, and weight ${name} of the configuration`,
      contribution: times * bySeverity[name] * asset.weights[name],
    })),
  ];
  const sum = parts.reduce((total, { contribution }) => total + contribution, 0);
  return { value: Math.min(1_000, Math.round(sum)), parts };
}
