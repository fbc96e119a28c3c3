// All activities, made from their dependencies. Each is thin and in a file of its own; here they get the policy of their failures.
import { answerTick } from './answerTick.ts';
import { awaitRun } from './awaitRun.ts';
import { createBudgets } from './budgets.ts';
import { listsFrom } from '../clients/lists/index.ts';
import { createCredentials } from './credentials.ts';
import type { Dependencies, Shared } from './dependencies.ts';
import { guarded, type Persistence } from './failure.ts';
import { exportSet } from './exportSet.ts';
import { findOrders } from './findOrders.ts';
import { finishRun } from './finishRun.ts';
import { loadConnection } from './loadConnection.ts';
import { noteOccurrence } from './noteOccurrence.ts';
import { noteOrders } from './noteOrders.ts';
import { openRun } from './openRun.ts';
import { planOrders } from './planOrders.ts';
import { planRun } from './planRun.ts';
import { pullStream } from './pullStream.ts';
import { reconcileSlice } from './reconcileSlice.ts';
import { rejectRemovals } from './rejectRemovals.ts';
import { saveState } from './saveState.ts';
import { settle } from './settle.ts';
import { createSources } from './sources.ts';
import { testConnection } from './testConnection.ts';
import type { Activities } from './types.ts';
import { writeOrders } from './writeOrders.ts';
import { writeResults } from './writeResults.ts';

export function createActivities(dependencies: Dependencies): Activities {
  const { config, database } = dependencies;
  const credentials = createCredentials(dependencies);
  const sources = createSources(config, createBudgets(database, config), credentials);
  const shared: Shared = { ...dependencies, credentials, sources, lists: listsFrom(config.lists) };
  const make = <Input, Answer>(
    act: (of: Shared, input: Input) => Promise<Answer>,
    persistence: Persistence = 'a few times',
  ): ((input: Input) => Promise<Answer>) => guarded(shared.logger, act.name, persistence, (input) => act(shared, input));
  return {
    loadConnection: make(loadConnection),
    openRun: make(openRun),
    planRun: make(planRun),
    // Bounded by the walk's worked time.
    pullStream: make(pullStream, 'without end'),
    settle: make(settle),
    exportSet: make(exportSet),
    finishRun: make(finishRun, 'without end'),
    rejectRemovals: make(rejectRemovals),
    awaitRun: make(awaitRun),
    noteOccurrence: make(noteOccurrence),
    saveState: make(saveState),
    askPullDue: make(answerTick),
    reconcileSlice: make(reconcileSlice),
    testConnection: make(testConnection),
    planOrders: make(planOrders),
    findOrders: make(findOrders),
    noteOrders: make(noteOrders),
    writeOrders: make(writeOrders),
    writeResults: make(writeResults),
  };
}
