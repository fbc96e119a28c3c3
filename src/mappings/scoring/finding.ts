// The severity (1 to 5) and the score (QDS, 0 to 100) of a finding, with what they are made of. Pure.
import type { Exploit } from '../defender/finding.ts';
import { type ScoringConfig, type Severity, sourceValue } from './config.ts';
import type { Explained, Part } from './explained.ts';

/** What a finding says of itself. */
export interface Scorable {
  readonly sourceSeverity: string;
  readonly cve: string | null;
  readonly cvss: number | null;
  readonly exploit: Exploit | null;
}

/** Lists from outside, by CVE in upper case; null where none is given. */
export interface Lists {
  /** Known to be exploited: since when. */
  readonly kev: ReadonlyMap<string, string> | null;
  /** The probability of exploitation in the next 30 days, from 0 to 1. */
  readonly epss: ReadonlyMap<string, number> | null;
}

export interface FindingScore {
  readonly severity: Severity;
  readonly qds: number;
  readonly parts: readonly Part[];
}

export function scoreFinding(finding: Scorable, config: ScoringConfig, lists: Lists): FindingScore {
  if (finding.cve === null) return bySourceSeverity(finding.sourceSeverity, config);
  const { value: qds, parts } = scoreCve(finding.cve, finding, config, lists);
  const severity = severityOf(qds, config);
  return {
    severity,
    qds,
    parts: [...parts, { what: 'severity', value: severity, source: 'the bands of the configuration', contribution: 0 }],
  };
}

/** The five rows: by the source's word for it, else the default severity. */
function bySourceSeverity(said: string, { rows, defaultSeverity }: ScoringConfig): FindingScore {
  const named = rows.find(({ sourceValues }) => sourceValues.some((value) => sourceValue(value) === sourceValue(said)));
  const severity = named?.severity ?? defaultSeverity;
  const qds = rows.find((row) => row.severity === severity)?.qds ?? 0;
  const source = named === undefined ? 'the default severity, for no row has it' : `row ${severity} of the configuration`;
  return {
    severity,
    qds,
    parts: [
      { what: 'source severity', value: said, source: 'the source', contribution: 0 },
      { what: 'severity', value: severity, source, contribution: qds },
    ],
  };
}

/** The severity that a score makes. */
export function severityOf(qds: number, { bands }: Pick<ScoringConfig, 'bands'>): Severity {
  return ([5, 4, 3, 2] as const).find((severity) => qds >= bands[severity]) ?? 1;
}

function scoreCve(cve: string, finding: Scorable, config: ScoringConfig, { kev, epss }: Lists): Explained {
  const likely = epss?.get(cve) ?? null;
  const matured = maturityOf(finding.exploit, config);
  const since = kev?.get(cve);
  if (since !== undefined) return exploited(since, matured, likely, config);
  const { weights } = config.cve;
  const base = baseOf(finding, config);
  const known = [
    { ...base, weight: weights.cvss },
    ...(matured === null ? [] : [{ ...matured, weight: weights.exploit }]),
    ...(likely === null ? [] : [{ what: 'EPSS', value: likely, source: 'the EPSS list', of100: likely * 100, weight: weights.epss }]),
  ];
  const total = known.reduce((sum, { weight }) => sum + weight, 0);
  const parts = known.map(({ what, value, source, of100, weight }): Part => ({
    what,
    value,
    source,
    contribution: (of100 * weight) / total,
  }));
  return summed(parts);
}

/** In a list of exploited CVEs: the least is given, and what else is known fills the rest. */
function exploited(since: string, matured: Fact | null, likely: number | null, { cve: { knownExploited } }: ScoringConfig): Explained {
  const rest = 100 - knownExploited;
  const fact = likely === null ? null : { what: 'EPSS', value: likely, source: 'the EPSS list', of100: likely * 100 };
  const worst = [matured, fact].flatMap((one) => one ?? []).sort((a, b) => b.of100 - a.of100)[0];
  return summed([
    { what: 'known to be exploited', value: since, source: 'the KEV list', contribution: knownExploited },
    ...(worst === undefined
      ? []
      : [{ what: worst.what, value: worst.value, source: worst.source, contribution: (worst.of100 * rest) / 100 }]),
  ]);
}

interface Fact {
  readonly what: string;
  readonly value: string | number;
  readonly source: string;
  readonly of100: number;
}

/** Some registries give no CVSS at all: then the source's severity speaks, by its row. */
function baseOf({ cvss, sourceSeverity }: Scorable, config: ScoringConfig): Fact {
  if (cvss !== null) return { what: 'CVSS base score', value: cvss, source: 'the source', of100: cvss * 10 };
  const { qds } = bySourceSeverity(sourceSeverity, config);
  return { what: 'source severity, for there is no CVSS', value: sourceSeverity, source: 'the source', of100: qds };
}

function maturityOf(exploit: Exploit | null, { cve }: ScoringConfig): Fact | null {
  if (exploit === null) return null;
  const source = 'the source';
  if (exploit.exploitKit) return { what: 'exploit', value: 'in an exploit kit', source, of100: cve.exploit.kit };
  if (exploit.verified) return { what: 'exploit', value: 'verified', source, of100: cve.exploit.verified };
  if (exploit.published) return { what: 'exploit', value: 'published', source, of100: cve.exploit.published };
  return { what: 'exploit', value: 'none known', source, of100: 0 };
}

/** Whole numbers, at least 1: a CVE is never nothing. */
function summed(parts: readonly Part[]): Explained {
  const sum = parts.reduce((total, { contribution }) => total + contribution, 0);
  return { value: Math.min(100, Math.max(1, Math.round(sum))), parts };
}
