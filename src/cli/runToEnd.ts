// Asks a connection's entity for runs and follows them to their ends.
import type { RunReport } from '../model.ts';
import { getConnection } from '../store/connection.ts';
import { forceFullPullUpdate, type RunAnswers, runNowUpdate } from '../workflows/messages.ts';
import type { Context } from './context.ts';
import { askEntity } from './entity.ts';
import { awaitOpened, followRun } from './follow.ts';

export type Answer = RunAnswers['answers'][number];

export interface Asked {
  readonly answers: readonly Answer[];
  /** Follows what was opened, one after another, with progress on stderr; those that were skipped are noted and left out. */
  reports(): Promise<RunReport[]>;
}

export async function askForRuns(
  context: Context,
  name: string,
  { profile, full }: { readonly profile?: string | undefined; readonly full: boolean },
): Promise<Asked> {
  const database = await context.database();
  // Every run so far has a number up to this one; what is opened now has a higher one.
  const newest = (await getConnection(database, name))?.fence ?? 0;
  const { answers } = await askEntity(context, name, full ? forceFullPullUpdate : runNowUpdate, profile === undefined ? {} : { profile });
  return {
    answers,
    async reports() {
      const reports: RunReport[] = [];
      for (const answer of answers) {
        if (answer.outcome === 'skipped') {
          context.output.note(`profile ${answer.profile}: skipped: ${answer.reason}`);
          continue;
        }
        if (answer.outcome === 'queued') context.output.note(`profile ${answer.profile}: queued behind the run under way`);
        const run =
          answer.outcome === 'run' ? answer.run : await awaitOpened(database, { connection: name, profile: answer.profile, after: newest });
        reports.push(await followRun(context, run));
      }
      return reports;
    },
  };
}
