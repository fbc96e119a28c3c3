// What a record of a finding stream says of a flaw: read from its `finding`, which the connector's queries made (decisions 48 to 53). Pure.
import { z } from 'zod';
import { TidemarkError } from '../errors.ts';
import { isObject } from '../mappings/read.ts';
import { type Evidence, findingStatuses, type JsonObject } from '../model.ts';
import type { StoredRecord } from '../store/page.ts';
import type { FoldedRecord } from './fold.ts';

/** The severity from 1 to 5 and the score from 0 to 100 of what a record says. */
export type Score = (finding: JsonObject) => { readonly severity: number; readonly qds: number };

const said = z.object({
  key: z.string().min(1).max(2_000),
  assetClass: z.enum(['host', 'container-image', 'container-instance', 'serverless']),
  assetId: z.string().min(1).max(1_024),
  status: z.enum(findingStatuses),
  cve: z
    .string()
    .max(64)
    .nullish()
    .transform((cve) => cve ?? null),
});

/** @throws SOURCE_SHAPE_CHANGED for a record that does not say what it is evidence of. */
export function evidenceOf({ finding }: JsonObject, score: Score): Evidence & ReturnType<Score> {
  const parsed = said.safeParse(finding);
  if (!parsed.success || !isObject(finding)) {
    const place = parsed.error?.issues[0]?.path.join('.') ?? '';
    throw new TidemarkError('SOURCE_SHAPE_CHANGED', `The record does not say what it is about (at finding.${place}).`);
  }
  return { ...parsed.data, ...score(finding) };
}

/** Without what is healthy and was not known to be otherwise: it is counted and not kept (decision 53). */
export function withoutHealthy(
  records: ReadonlyMap<string, FoldedRecord>,
  stored: ReadonlyMap<string, StoredRecord>,
): ReadonlyMap<string, FoldedRecord> {
  const kept = [...records].filter(([id, { properties }]) => {
    const { finding } = properties;
    const known = stored.get(id);
    const isHealthy = isObject(finding) && finding['status'] === 'fixed';
    return !isHealthy || (known?.known === true && !known.tombstoned);
  });
  return new Map(kept);
}
