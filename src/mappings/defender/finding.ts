// What a row says of a finding: its key, its asset and its state. The same flaw of the same asset MUST give the same key, whichever row tells it.
import type { AssessedClass, FindingStatus, Json, JsonObject } from '../../model.ts';
import { at, firstText, text } from './fields.ts';

export interface Exploit {
  readonly exploitKit: boolean;
  readonly published: boolean;
  readonly verified: boolean;
}

export interface Finding {
  /** JSON text of the key's parts: no part can be taken for another. Severity and description are never in it. */
  readonly key: string;
  readonly kind: 'vulnerability' | 'misconfiguration';
  readonly assetClass: AssessedClass;
  /** The id of the asset's record: an id in lower case, of an image `registryHost/repository@digest`. */
  readonly assetId: string;
  readonly assetType: string;
  /** The cloud. */
  readonly source: string;
  readonly status: FindingStatus;
  /** As the source writes it. */
  readonly sourceSeverity: string;
  readonly cve: string | null;
  readonly cvss: number | null;
  readonly exploit: Exploit | null;
  /** The source's own time of it. */
  readonly at: string | null;
}

export const findingPart = (finding: Finding): JsonObject => ({
  ...finding,
  exploit: finding.exploit === null ? null : { ...finding.exploit },
});

/** An image where it lies; the digest alone is its content, which may lie in two places. */
export interface Placement {
  readonly registryHost: string;
  readonly repository: string;
  readonly digest: string;
}

export function placementId({ registryHost, repository, digest }: Placement): string {
  return `${registryHost}/${repository}@${digest}`;
}

export function machineKey(resourceId: string, flaw: string, packageName: string): string {
  return JSON.stringify(['machine', resourceId.toLowerCase(), flaw.toLowerCase(), packageName.toLowerCase()]);
}

export function imageKey(placement: Placement, flaw: string, packageName: string, version: string): string {
  const { registryHost, repository, digest } = placement;
  return JSON.stringify(['image', `${registryHost}/${repository}`, digest, flaw.toLowerCase(), packageName.toLowerCase(), version]);
}

export function misconfigurationKey(resourceId: string, assessmentKey: string): string {
  return JSON.stringify(['misconfiguration', resourceId.toLowerCase(), assessmentKey.toLowerCase()]);
}

/** Decision 53; a code that is not known stays open. */
export function statusOf(status: Json | undefined): FindingStatus {
  const code = text(at(status, 'code'))?.toLowerCase();
  if (code === 'healthy') return 'fixed';
  const exempt = text(at(status, 'cause'))?.toLowerCase() === 'exempt';
  return code === 'notapplicable' || exempt ? 'suppressed' : 'open';
}

/** The assessment that an id names: `…/Microsoft.Security/assessments/KEY[/subassessments/…]`. */
export function assessmentKeyOf(id: string): string | undefined {
  return /\/providers\/microsoft\.security\/assessments\/([^/]+)/i.exec(id)?.[1]?.toLowerCase();
}

/** The assessed resource: what it is natively, else what Azure calls it. Never the row's own id, which differs from row to row. */
export function resourceIdOf(details: Json | undefined): string | undefined {
  return saidIdOf(details)?.toLowerCase();
}

/** What the resource is called, else the end of its id as it is written. */
export function resourceNameOf(details: Json | undefined): string | undefined {
  return firstText(at(details, 'ResourceName'), saidIdOf(details)?.split('/').at(-1));
}

const saidIdOf = (details: Json | undefined): string | undefined =>
  firstText(at(details, 'NativeResourceId'), at(details, 'ResourceId'), at(details, 'Id'));
