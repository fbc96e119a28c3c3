// Findings as SARIF 2.1.0, one run of one tool (https://docs.oasis-open.org/sarif/sarif/v2.1.0/). Pure.
// The results come before the rules, which are known at the end: what is held grows with the different rules, never with the findings.
import { hashOf } from '../mappings/canonical.ts';
import { type FindingTexts, findingTexts, ruleOf } from './findingDocument.ts';
import type { Rendering } from './output.ts';
import type { Result } from './verbs/findings.ts';

/** By severity, from 1. */
const levels = ['note', 'note', 'warning', 'error', 'error'] as const;

export function sarif(version: string): Rendering<Result> {
  const rules = new Map<string, { readonly index: number; readonly text: string }>();
  return {
    begin: '{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":[',
    row: (row, count) => {
      const texts = findingTexts(row.document);
      const id = ruleOf({ ...row, name: texts.name });
      const rule = rules.get(id) ?? { index: rules.size, text: textOf(id, texts, row.class) };
      rules.set(id, rule);
      return `${count === 1 ? '' : ','}\n${JSON.stringify(resultOf(row, texts, id, rule.index))}`;
    },
    end: () => {
      const listed = [...rules].map(([id, { text }]) => ({ id, shortDescription: { text }, ...helpOf(id) }));
      const driver = { name: 'Tidemark', semanticVersion: version, rules: listed };
      return `\n],"tool":${JSON.stringify({ driver })}}]}\n`;
    },
  };
}

const longestText = 200;

/** What is the same for all findings of a rule: an assessment's name; of a CVE its number, for each package has another text. */
const textOf = (id: string, { name }: FindingTexts, of: string): string =>
  of === 'misconfiguration' ? (name ?? id).slice(0, longestText) : `Vulnerability ${id}`.slice(0, longestText);

const helpOf = (id: string): object => (/^CVE-\d{4}-\d+$/.test(id) ? { helpUri: `https://nvd.nist.gov/vuln/detail/${id}` } : {});

function resultOf(row: Result, texts: FindingTexts, ruleId: string, ruleIndex: number): object {
  const { asset, status, severity } = row;
  const isFixed = status === 'fixed';
  return {
    ruleId,
    ruleIndex,
    // What is no failure has no level.
    ...(isFixed ? { kind: 'pass', level: 'none' } : { level: levels[severity - 1] ?? 'warning' }),
    message: { text: texts.description ?? texts.name ?? ruleId },
    locations: [
      {
        logicalLocations: [
          { fullyQualifiedName: asset.id, kind: 'resource', ...(texts.assetName === null ? {} : { name: texts.assetName }) },
        ],
      },
    ],
    partialFingerprints: { 'tidemarkFinding/v1': hashOf(row.id) },
    ...(status === 'suppressed'
      ? { suppressions: [{ kind: 'external', status: 'accepted', justification: 'Exempt or not applicable at the source.' }] }
      : {}),
    properties: {
      id: row.id,
      connection: row.connection,
      class: row.class,
      assetClass: asset.class,
      severity,
      qds: row.qds,
      firstSeen: row.firstSeen,
      lastSeen: row.lastSeen,
      reopened: row.reopened,
      ...(texts.remediation === null ? {} : { remediation: texts.remediation }),
    },
  };
}
