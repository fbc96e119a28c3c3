// Findings as events of OCSF 1.4.0, one a line: Vulnerability Finding (2002) and Compliance Finding (2003), https://schema.ocsf.io/1.4.0. Pure.
import { type FindingTexts, findingTexts, ruleOf } from './findingDocument.ts';
import type { Rendering } from './output.ts';
import type { Result } from './verbs/findings.ts';

const classes = {
  vulnerability: { uid: 2002, name: 'Vulnerability Finding' },
  misconfiguration: { uid: 2003, name: 'Compliance Finding' },
} as const;

const statuses = { open: { id: 1, name: 'New' }, suppressed: { id: 3, name: 'Suppressed' }, fixed: { id: 4, name: 'Resolved' } } as const;

const activities = { create: { id: 1, name: 'Create' }, update: { id: 2, name: 'Update' }, close: { id: 3, name: 'Close' } } as const;

/** Ours and theirs are the same numbers. */
const severities = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical'] as const;

const passed = { status_id: 1, status: 'Pass' };
const failed = { status_id: 3, status: 'Fail' };

export function ocsf(version: string): Rendering<Result> {
  return { begin: '', row: (row) => `${JSON.stringify(eventOf(row, version))}\n`, end: () => '' };
}

function eventOf(row: Result, version: string): object {
  const texts = findingTexts(row.document);
  const rule = ruleOf({ ...row, name: texts.name });
  const of = row.class === 'misconfiguration' ? classes.misconfiguration : classes.vulnerability;
  const status = statuses[row.status];
  const activity =
    row.status === 'fixed' ? activities.close : row.status === 'open' && row.reopened === 0 ? activities.create : activities.update;
  return {
    activity_id: activity.id,
    activity_name: activity.name,
    category_uid: 2,
    category_name: 'Findings',
    class_uid: of.uid,
    class_name: of.name,
    type_uid: of.uid * 100 + activity.id,
    time: Date.parse(row.firstSeen),
    severity_id: row.severity,
    severity: severities[row.severity] ?? 'Unknown',
    status_id: status.id,
    status: status.name,
    metadata: { version: '1.4.0', product: { name: 'Tidemark', vendor_name: 'Tidemark', version } },
    finding_info: {
      uid: row.id,
      title: texts.name ?? rule,
      types: [row.class],
      first_seen_time: Date.parse(row.firstSeen),
      modified_time: Date.parse(row.lastChanged),
      ...(row.lastSeen === null ? {} : { last_seen_time: Date.parse(row.lastSeen) }),
      ...(texts.description === null ? {} : { desc: texts.description }),
    },
    resources: [{ uid: row.asset.id, type: row.asset.class, ...(texts.assetName === null ? {} : { name: texts.assetName }) }],
    ...(of === classes.vulnerability ? { vulnerabilities: [vulnerabilityOf(row, texts, rule)] } : complianceOf(row, texts, rule)),
    unmapped: { connection: row.connection, qds: row.qds, reopened: row.reopened },
  };
}

function vulnerabilityOf({ cve, firstSeen }: Result, texts: FindingTexts, rule: string): object {
  const { product, remediation, references, weaknesses } = texts;
  return {
    // One of the two must be there.
    ...(cve === null ? { advisory: { uid: rule } } : { cve: { uid: cve, ...cwesOf(weaknesses) } }),
    title: texts.name ?? rule,
    first_seen_time: Date.parse(firstSeen),
    ...(references.length === 0 ? {} : { references }),
    ...(remediation === null ? {} : { remediation: { desc: remediation } }),
    ...(product === null
      ? {}
      : { affected_packages: [{ name: product.name, version: product.version ?? 'unknown', ...vendorOf(product.vendor) }] }),
  };
}

const cwesOf = (weaknesses: readonly string[]): object =>
  weaknesses.length === 0 ? {} : { related_cwes: weaknesses.map((uid) => ({ uid })) };

const vendorOf = (vendor: string | null): object => (vendor === null ? {} : { vendor_name: vendor });

function complianceOf({ status }: Result, { policies, remediation }: FindingTexts, control: string): object {
  return {
    // The source's own recommendations where no standard asks for it.
    compliance: {
      control,
      standards: policies.length === 0 ? ['Microsoft Defender for Cloud'] : policies,
      ...(status === 'fixed' ? passed : failed),
    },
    ...(remediation === null ? {} : { remediation: { desc: remediation } }),
  };
}
