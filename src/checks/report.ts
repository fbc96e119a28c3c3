// Runs the checks in their order and keeps what each found: all after the first failure are skipped.
import { type Advice, type Check, type CheckName, checkNames, type ConnectionTest } from '../model.ts';

/** What a check found. `failed` ends the test; `note` is for one that passed. */
export interface Found {
  readonly failed?: Advice | null;
  readonly note?: Advice | null;
  readonly missing?: readonly string[];
  readonly excess?: readonly string[];
}

export interface CheckToRun {
  readonly check: CheckName;
  readonly contacted: string | null;
  readonly run: () => Promise<Found>;
}

/** MUST be given every check, in order. What a check throws is no answer, and ends the test. */
export async function report(connection: string, checks: readonly CheckToRun[]): Promise<ConnectionTest> {
  const done: Check[] = [];
  for (const { check, contacted, run } of checks) {
    if (done.some(({ outcome }) => outcome === 'failed')) {
      done.push(skipped(check));
      continue;
    }
    const begun = performance.now();
    const { failed = null, note = null, missing, excess } = await run();
    done.push({
      check,
      outcome: failed === null ? 'passed' : 'failed',
      ms: Math.round(performance.now() - begun),
      contacted,
      cause: (failed ?? note)?.cause ?? null,
      fix: (failed ?? note)?.fix ?? null,
      ...(check === 'permissions' ? { missing: missing ?? [], excess: excess ?? [] } : {}),
    });
  }
  return { connection, ok: done.every(({ outcome }) => outcome === 'passed'), checks: done };
}

/** The answer when not even the first check could begin. */
export function failedAtOnce(connection: string, words: Advice): Promise<ConnectionTest> {
  return report(
    connection,
    checkNames.map((check) => ({ check, contacted: null, run: async () => ({ failed: words }) })),
  );
}

function skipped(check: CheckName): Check {
  const lists = check === 'permissions' ? { missing: [], excess: [] } : {};
  return { check, outcome: 'skipped', ms: 0, contacted: null, cause: null, fix: null, ...lists };
}
