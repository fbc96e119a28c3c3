// Records what became of an occurrence that did not run at once (I15). Idempotent.
import { noteOccurrence as noteRow } from '../store/occurrence.ts';
import type { Shared } from './dependencies.ts';
import type { OccurrenceNote } from './types.ts';

export async function noteOccurrence({ database, metrics }: Shared, note: OccurrenceNote): Promise<void> {
  const news = await noteRow(database, note);
  if (news && note.outcome === 'skipped') metrics.occurrenceSkipped(note.reason ?? '');
}
