// The weights of scores, all of them named and changeable (decision 56). The shapes of the formulas are published by others, their weights are not: every
// number here is ours.
export const severities = [1, 2, 3, 4, 5] as const;
export type Severity = (typeof severities)[number];

/** A row of document 004's scoring screen: which values of the source are of this severity, and how they are scored. */
interface SeverityRow {
  readonly severity: Severity;
  readonly sourceValues: readonly string[];
  readonly qds: number;
}

export interface ScoringConfig {
  readonly rows: readonly SeverityRow[];
  /** Of a value that stands in no row. */
  readonly defaultSeverity: Severity;
  /** The least score of each severity: what a score makes a severity of a CVE. */
  readonly bands: { readonly 5: number; readonly 4: number; readonly 3: number; readonly 2: number };
  readonly cve: {
    /** Parts of 100. What is not known has no weight, and the others share its part. */
    readonly weights: { readonly cvss: number; readonly exploit: number; readonly epss: number };
    /** What is known of exploits, out of 100. */
    readonly exploit: { readonly kit: number; readonly verified: number; readonly published: number };
    /** The least score of a CVE that is known to be exploited. */
    readonly knownExploited: number;
  };
  readonly criticality: { readonly default: number; readonly byClass: Readonly<Record<string, number>> };
  readonly asset: {
    /** By what the highest score is multiplied, by its severity. */
    readonly factors: { readonly critical: number; readonly high: number; readonly other: number };
    /** What each open finding of a severity adds. */
    readonly weights: { readonly critical: number; readonly high: number; readonly medium: number; readonly low: number };
  };
}

export const defaultScoring: ScoringConfig = {
  rows: [
    { severity: 1, sourceValues: ['Informational'], qds: 10 },
    { severity: 2, sourceValues: ['Low'], qds: 25 },
    { severity: 3, sourceValues: ['Medium'], qds: 55 },
    { severity: 4, sourceValues: ['High'], qds: 80 },
    { severity: 5, sourceValues: ['Critical'], qds: 95 },
  ],
  defaultSeverity: 3,
  bands: { 5: 90, 4: 70, 3: 40, 2: 20 },
  cve: {
    weights: { cvss: 65, exploit: 25, epss: 10 },
    exploit: { kit: 100, verified: 80, published: 50 },
    knownExploited: 90,
  },
  criticality: { default: 2, byClass: {} },
  asset: {
    factors: { critical: 1.3, high: 1.1, other: 1 },
    weights: { critical: 2, high: 1, medium: 0.1, low: 0.01 },
  },
};

/** Values are compared trimmed and without regard to case. */
export const sourceValue = (text: string): string => text.trim().toLowerCase();
