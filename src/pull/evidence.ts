// What a record of a finding stream says of a flaw: read from its `finding`, which the connector's queries made (decisions 48 to 53). Pure.
import { z } from 'zod';
import { TidemarkError } from '../errors.ts';
import { isObject } from '../mappings/read.ts';
import { assessedClasses, type Evidence, findingStatuses, type JsonObject } from '../model.ts';
import type { StoredRecord } from '../store/page.ts';
import type { FoldedRecord } from './fold.ts';

/** The severity from 1 to 5 and the score from 0 to 100 of what a record says. */
export type Score = (finding: JsonObject) => { readonly severity: number; readonly qds: number };

const said = z.object({
  key: z.string().min(1).max(2_000),
  assetClass: z.enum(assessedClasses),
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

/**
 * Rows that are exempt and do not say of which flaws, by the id of the row: all that it told before are suppressed, not fixed (decision 53). Answers the
 * id of the record that says so.
 */
export function coversOf(records: ReadonlyMap<string, FoldedRecord>): ReadonlyMap<string, string> {
  const covers = [...records.values()].flatMap(({ id, properties: { covers: of } }): [string, string][] =>
    typeof of === 'string' ? [[of, id]] : [],
  );
  return new Map(covers);
}

/** Without what is healthy and was not known to be otherwise, which is counted and not kept (decision 53); and without what only covers known records. */
export function keptOf(
  records: ReadonlyMap<string, FoldedRecord>,
  stored: ReadonlyMap<string, StoredRecord>,
  covering: ReadonlySet<string>,
): ReadonlyMap<string, FoldedRecord> {
  const kept = [...records].filter(([id, { properties }]) => {
    const { finding } = properties;
    const known = stored.get(id);
    const isHealthy = isObject(finding) && finding['status'] === 'fixed';
    return !covering.has(id) && (!isHealthy || (known?.known === true && !known.tombstoned));
  });
  return new Map(kept);
}
