// The changing part of `tidemark apply`: row, schedules, entity, in this order. Applying again repairs what a crash between them left.
import { syncSchedules } from '../../clients/schedules.ts';
import type { FoundConnection } from '../../connectors/connectionFile.ts';
import { profileNames, specHash } from '../../connectors/spec.ts';
import { lookBeforeChange } from '../../reconcile/beforeChange.ts';
import { type Connection, putConnection } from '../../store/connection.ts';
import { emptyRowNotes } from '../connectionView.ts';
import type { Context } from '../context.ts';
import { tellChanged } from '../entity.ts';
import { toJson } from '../plain.ts';
import type { AppliedTag } from '../applyTags.ts';

interface Applied {
  readonly kind: 'connection' | 'tag';
  readonly name: string;
  readonly change: 'created' | 'changed' | 'unchanged';
  readonly file: string;
}

/** `stored`: the rows before; `tags`: what was applied already. */
export async function applyConnections(
  context: Context,
  connections: readonly FoundConnection[],
  stored: readonly Connection[],
  tags: readonly AppliedTag[],
): Promise<void> {
  // Both servers must be there before anything is changed.
  const database = await context.database();
  const client = await context.temporal();

  const applied: Applied[] = tags.map((tag) => ({ kind: 'tag', ...tag }));
  try {
    for (const { spec, file, notes } of connections) {
      const before = stored.find(({ name }) => name === spec.name);
      if (before !== undefined && before.specHash !== specHash(spec)) await lookBeforeChange({ client, database }, before.spec);
      // The row comes first: schedules and the entity are made from it, also when nothing changed, for they may be missing.
      const change = await putConnection(database, { name: spec.name, spec: toJson(spec), specHash: specHash(spec) });
      await syncSchedules(client, spec, profileNames(before?.spec));
      await tellChanged(client, spec.name);
      for (const note of [...notes, ...emptyRowNotes(spec)]) context.output.note(`${spec.name}: ${note}`);
      applied.push({ kind: 'connection', name: spec.name, change, file });
    }
  } finally {
    // Also when one failed: these are done.
    await context.output.rows(applied, {
      columns: (['name', 'change', 'file'] as const).map((key) => ({ title: key, value: (row) => row[key] })),
    });
  }
}
