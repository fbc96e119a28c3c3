// The removal guard (decisions 3, 4, 9): whether what a run would remove is applied, or held for an operator. Pure: one table.

/** What would be removed of one stream and kind. Counts are of objects. */
export interface RemovalGroup {
  readonly stream: string;
  /** `record`, or the edges' kind. */
  readonly kind: string;
  /** To be removed; edges that only follow one of their ends do not count. */
  readonly counted: number;
  /** Of all that would be removed, what a complete full walk did not see. */
  readonly absent: number;
  /** Live ones before the removal. */
  readonly live: number;
  /** The most that lived at once in the last 24 hours. */
  readonly largest: number;
  /** Removed in the last 24 hours by all runs. */
  readonly applied: number;
  /** Whether the cursor was adopted for another tenant, client, cloud or origin. */
  readonly scopeChanged: boolean;
  /** Whether others of this group are held already. */
  readonly joins: boolean;
  /** Whether some of them were held or rejected before. */
  readonly asksAgain: boolean;
}

/** The connection's own limits. Percentages are compared exactly: 5 % of 100 is 5, and 6 is over. */
export interface Guard {
  readonly absolute: number;
  readonly percent: number;
  readonly minimum: number;
  readonly dailyPercent: number;
}

type RemovalRule = 'none left' | 'scope changed' | 'absolute' | 'percent' | 'daily' | 'joined' | 'asked again';

export interface RemovalCause {
  readonly stream: string;
  readonly kind: string;
  readonly rule: RemovalRule;
  /** What the rule compared, and the most it allows. */
  readonly count: number;
  readonly limit: number;
}

export type RemovalJudgement = { readonly verdict: 'apply' } | { readonly verdict: 'hold'; readonly because: readonly RemovalCause[] };

/** One group over the guard holds all removals of the run. Of each such group the first rule that it breaks is named. */
export function judgeRemovals(groups: readonly RemovalGroup[], guard: Guard): RemovalJudgement {
  const because = groups.flatMap((group) => causeOf(group, guard) ?? []);
  return because.length === 0 ? { verdict: 'apply' } : { verdict: 'hold', because };
}

/** Whether so many of the group are more than the limits allow, whatever else is known of it. */
export function exceedsLimits(group: RemovalGroup, counted: number, guard: Guard): boolean {
  return counted > 0 && limitBroken({ ...group, counted }, guard) !== null;
}

function causeOf(group: RemovalGroup, guard: Guard): RemovalCause | null {
  const { stream, kind, counted, live } = group;
  const cause = (rule: RemovalRule, limit = 0): RemovalCause => ({ stream, kind, rule, count: counted, limit });
  if (counted === 0) return null;
  if (kind === 'record' && counted >= live) return cause('none left', live - 1);
  if (group.scopeChanged) return cause('scope changed');
  const broken = limitBroken(group, guard);
  if (broken !== null) return broken;
  if (group.joins) return cause('joined');
  return group.asksAgain ? cause('asked again') : null;
}

function limitBroken({ stream, kind, counted, live, largest, applied }: RemovalGroup, guard: Guard): RemovalCause | null {
  const { absolute, percent, minimum, dailyPercent } = guard;
  if (counted > absolute) return { stream, kind, rule: 'absolute', count: counted, limit: absolute };
  const ofLive = Math.max(minimum, Math.floor((percent * live) / 100));
  if (counted > ofLive) return { stream, kind, rule: 'percent', count: counted, limit: ofLive };
  const ofDay = Math.max(minimum, Math.floor((dailyPercent * largest) / 100));
  return counted + applied > ofDay ? { stream, kind, rule: 'daily', count: counted + applied, limit: ofDay } : null;
}
