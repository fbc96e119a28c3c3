// What a finding's document says of it, as the maps of findings lay it out. Pure.
import { isObject } from '../mappings/read.ts';
import type { Json, JsonObject } from '../model.ts';

/** Below `findingGroup.findings[0]`, or nothing. */
function at(document: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = document;
  for (const step of `findingGroup.findings.0.${path}`.split('.')) {
    value = Array.isArray(value) ? value[Number(step)] : isObject(value) ? value[step] : undefined;
  }
  return value;
}

const textAt = (document: JsonObject, path: string): string | null => {
  const value = at(document, path);
  return typeof value === 'string' && value !== '' ? value : null;
};

const textsAt = (document: JsonObject, path: string): string[] => {
  const value = at(document, path);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
};

/** Where a map gives a name. */
export const findingName = (document: JsonObject): string | null => textAt(document, 'name');

export interface FindingTexts {
  readonly name: string | null;
  readonly description: string | null;
  readonly remediation: string | null;
  readonly references: readonly string[];
  readonly weaknesses: readonly string[];
  readonly policies: readonly string[];
  readonly assetName: string | null;
  readonly product: { readonly name: string; readonly version: string | null; readonly vendor: string | null } | null;
}

export function findingTexts(document: JsonObject): FindingTexts {
  const product = textAt(document, 'product.name');
  return {
    name: findingName(document),
    description: textAt(document, 'description'),
    remediation: textAt(document, 'remediations.0.description') ?? textAt(document, 'remediation.remediationStrategy'),
    references: textsAt(document, 'references'),
    weaknesses: textsAt(document, 'findingType.vulnerability.cweIds'),
    policies: textsAt(document, 'findingType.misconfiguration.policy.title'),
    assetName: textAt(document, 'asset.assetName'),
    product:
      product === null ? null : { name: product, version: textAt(document, 'product.version'), vendor: textAt(document, 'product.vendor') },
  };
}

/** What a finding is an instance of: its CVE, else its assessment, which its key names; else its name. */
export function ruleOf({ id, cve, name }: { readonly id: string; readonly cve: string | null; readonly name: string | null }): string {
  if (cve !== null) return cve;
  const [kind, , flaw] = partsOf(id);
  return kind === 'misconfiguration' && flaw !== undefined ? flaw : (name ?? id);
}

/** A key is JSON text of its parts; one that is not has none. */
function partsOf(key: string): readonly string[] {
  try {
    const parts: unknown = JSON.parse(key);
    return Array.isArray(parts) ? parts.map(String) : [];
  } catch {
    return [];
  }
}
