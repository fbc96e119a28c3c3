// After the streams: what is staged for removal is judged once for the whole run, and all of it applied or all of it held (design 3.7, I4, I5).
import { failpoint } from '../failpoint.ts';
import { decideRemovals, readDecision, stagedGroups } from '../store/judgement.ts';
import type { RemovalDecision } from '../store/judgement.ts';
import { isJudgedOtherwise, judgeStored } from '../store/include.ts';
import { applyRemovals } from '../store/settle.ts';
import { readCheckpoint } from '../store/walk.ts';
import { conditionOf } from './include.ts';
import { judgeRemovals } from './guard.ts';
import type { RemovalCause } from './guard.ts';
import { stageRemovals } from './stage.ts';
import type { SettleDependencies, StageRequest } from './stage.ts';

export interface SettleRequest extends StageRequest {
  readonly connection: string;
}

/** Removes what the run's complete walks prove gone, or holds it. Idempotent: after a crash the first decision stands. */
export async function settleRun(dependencies: SettleDependencies, request: SettleRequest): Promise<void> {
  const { database } = dependencies;
  const { run, connection } = request;
  failpoint('settle.begun');
  await judgeAgain(dependencies, request);
  const decision = (await readDecision(database, run)) ?? (await decide(dependencies, request));
  if (decision === 'hold') return;
  for (const { definition } of request.targets) {
    failpoint('settle.beforeApply');
    await applyRemovals(database, { run, connection, stream: definition.name });
    request.options.alive?.();
    failpoint('settle.afterApply');
  }
}

/** Other tags than before: what no page of this run wrote is judged by them too (decision 39). */
async function judgeAgain({ database }: SettleDependencies, { run, connection, targets, options }: SettleRequest): Promise<void> {
  for (const { definition, include, tags } of targets) {
    const at = { run, connection, stream: definition.name };
    // Most runs have the tags of the last one, and end here.
    if (!(await isJudgedOtherwise(database, at, tags)) || (await readCheckpoint(database, at)).outcome !== 'complete') continue;
    await judgeStored(database, at, include ?? conditionOf(null, []), () => options.alive?.());
  }
}

async function decide(dependencies: SettleDependencies, request: SettleRequest): Promise<RemovalDecision> {
  const { database } = dependencies;
  const { run, connection, guard } = request;
  const unasked = await stageRemovals(dependencies, request);
  const groups = await stagedGroups(database, { run, connection });
  const judgement = judgeRemovals(groups, guard);
  failpoint('settle.afterJudge');
  const because = judgement.verdict === 'hold' ? judgement.because : [];
  const said = `Removals are held: ${because.map(sayCause).join('; ')}.`;
  const decision = await decideRemovals(database, { run, connection, decision: judgement.verdict, groups, unasked, said, because });
  if (decision === 'hold') failpoint('settle.afterHold');
  return decision;
}

function sayCause({ stream, kind, rule, count, limit }: RemovalCause): string {
  const what = `${count} ${kind}${count === 1 ? '' : 's'} of ${stream}`;
  switch (rule) {
    case 'none left':
      return `${what} would leave none`;
    case 'scope changed':
      return `${what}, read with another tenant, client or address than before`;
    case 'absolute':
      return `${what} are more than ${limit}`;
    case 'percent':
      return `${what} are more than ${limit}, the percentage of those that live`;
    case 'daily':
      return `${what} within a day are more than ${limit}`;
    case 'joined':
      return `${what} join those that wait already`;
    case 'asked again':
      return `${what}, held or rejected before among them`;
  }
}
