// The changing part of `tidemark apply`: the test, then row, schedules, entity, in this order. Applying again repairs what a crash between them left.
import { syncSchedules } from '../../clients/schedules.ts';
import type { FoundConnection, FoundMap, FoundRules, FoundTag } from '../../connectors/connectionFile.ts';
import { appliedSpec, type ConnectionSpec, profileNames, specHash } from '../../connectors/spec.ts';
import type { CheckName } from '../../model.ts';
import { lookBeforeChange } from '../../reconcile/beforeChange.ts';
import { type Connection, putConnection } from '../../store/connection.ts';
import { listSecrets } from '../../store/secret.ts';
import { type Applied, printApplied } from '../applied.ts';
import { emptyRowNotes } from '../connectionView.ts';
import type { Context } from '../context.ts';
import { tellChanged } from '../entity.ts';
import { exit, type ExitCode } from '../errors.ts';
import { effectText, mapEffects } from '../maps.ts';
import { applyRules } from '../identificationRules.ts';
import { keepImported } from '../importedSecrets.ts';
import { secretNotes } from '../secretBinding.ts';
import { checkLines } from '../testText.ts';
import { isTested, requireTester, testSpec } from './applyTests.ts';

interface AppliedDocument extends Applied {
  readonly kind: 'connection' | 'tag' | 'map' | 'identification-rules';
  /** The check that refused it, its cause and its fix; of refused ones only. */
  readonly check?: CheckName;
  readonly cause?: string | null;
  readonly fix?: string | null;
}

interface ApplyWith {
  /** The rows before. */
  readonly stored: readonly Connection[];
  readonly tags: readonly FoundTag[];
  readonly maps: readonly FoundMap[];
  readonly rules: readonly FoundRules[];
  readonly skipTest: boolean;
}

/** One after another, in order; one whose test fails is refused, and what was stored of it stays in force. */
export async function applyConnections(
  context: Context,
  connections: readonly FoundConnection[],
  { stored, tags, maps, rules, skipTest }: ApplyWith,
): Promise<ExitCode> {
  // All that is needed must be there before anything is changed.
  const database = await context.database();
  await context.temporal();
  const beforeOf = ({ spec }: FoundConnection): Connection | undefined => stored.find(({ name }) => name === spec.name);
  const isToTest = (found: FoundConnection): boolean => !skipTest && isTested(found.spec, beforeOf(found));
  if (connections.some(isToTest)) await requireTester(context);
  await keepImported(context, connections);
  // Connections may ask for maps and tags of the same files.
  const appliedMaps = maps.length === 0 ? [] : await (await import('../applyMaps.ts')).applyMaps(context, maps);
  const appliedTags = tags.length === 0 ? [] : await (await import('../applyTags.ts')).applyTags(context, tags);
  const appliedRules = await applyRules(database, rules);

  const kept = await listSecrets(database);
  const { cursorMaxAgeMs } = (await context.config()).timings;
  const applied: AppliedDocument[] = [
    ...appliedMaps.map((map): AppliedDocument => ({ kind: 'map', ...map })),
    ...appliedTags.map((tag): AppliedDocument => ({ kind: 'tag', ...tag })),
    ...appliedRules.map((one): AppliedDocument => ({ kind: 'identification-rules', ...one })),
  ];
  try {
    for (const found of connections) {
      const { spec, file, notes } = found;
      const failed = isToTest(found) ? (await testSpec(context, spec)).checks.find(({ outcome }) => outcome === 'failed') : undefined;
      if (failed !== undefined) {
        for (const line of [`${spec.name}: refused, its test failed.`, ...checkLines(failed)]) context.output.note(line);
        const { check, cause, fix } = failed;
        applied.push({ kind: 'connection', name: spec.name, change: 'refused', file, check, cause, fix });
        continue;
      }
      const change = await applyOne(context, spec, beforeOf(found));
      const effects = change === 'changed' ? await mapEffects(database, spec, cursorMaxAgeMs) : [];
      for (const note of [
        ...notes,
        ...emptyRowNotes(spec),
        ...secretNotes(spec, kept),
        ...effects.map((effect) => `${effectText(effect)}.`),
      ])
        context.output.note(`${spec.name}: ${note}`);
      applied.push({ kind: 'connection', name: spec.name, change, file });
    }
  } finally {
    // Also when one failed: these are done.
    await printApplied(context.output, applied);
  }
  return applied.some(({ change }) => change === 'refused') ? exit.failed : exit.done;
}

async function applyOne(
  context: Context,
  spec: ConnectionSpec,
  before: Connection | undefined,
): Promise<'created' | 'changed' | 'unchanged'> {
  const database = await context.database();
  const client = await context.temporal();
  if (before !== undefined && before.specHash !== specHash(spec)) await lookBeforeChange({ client, database }, before.spec);
  // The row comes first: schedules and the entity are made from it, also when nothing changed, for they may be missing.
  const maps = Object.keys(spec.customMaps);
  const change = await putConnection(database, { name: spec.name, spec: appliedSpec(spec), specHash: specHash(spec), maps });
  await syncSchedules(client, spec, profileNames(before?.spec));
  await tellChanged(client, spec.name);
  return change;
}
