// Named points of a run where the crash tests end the process. MUST be free when none is armed: one comparison.
import { TidemarkError } from './errors.ts';

/** In the order in which a run passes them. The crash tests arm each one in turn. */
export const failpointNames = [
  'worker.started',
  'run.beforeOpen',
  'run.afterOpen',
  'run.beforePlan',
  'run.afterPlan',
  'walk.beforeStart',
  'walk.afterStart',
  'slice.taken',
  'page.beforeFetch',
  'page.afterFetch',
  'page.afterFold',
  'page.afterRead',
  'page.afterMap',
  'page.beforeCommit',
  'page.afterCommit',
  'walk.afterLastPage',
  'walk.beforeEnd',
  'walk.afterEnd',
  'settle.begun',
  'settle.afterStage',
  'settle.afterAsk',
  'settle.afterJudge',
  'settle.afterHold',
  'settle.beforeApply',
  'settle.afterApply',
  'approve.begun',
  'approve.afterMark',
  'approve.afterAsk',
  'approve.beforeApply',
  'approve.afterSlice',
  'events.begun',
  'events.afterDue',
  'events.afterSlice',
  'findings.begun',
  'findings.judged',
  'export.begun',
  'export.afterFile',
  'export.afterManifest',
  'export.afterPending',
  'export.afterLinks',
  'export.afterSwitch',
  'export.afterCookie',
  'export.beforeCommit',
  'export.afterCommit',
  'finish.before',
  'finish.after',
  'state.beforeSave',
  'state.afterSave',
  'orders.staged',
  'orders.planned',
  'order.afterMark',
  'order.afterSend',
  'order.afterSave',
  'orders.ended',
] as const;

export type FailpointName = (typeof failpointNames)[number];

export interface FailpointSpec {
  readonly name: FailpointName;
  /** Which pass fails, from 1. */
  readonly nth: number;
  /** `kill`: SIGKILL to this process. `lost`: the operation before the point succeeded and its answer got lost. */
  readonly effect: 'kill' | 'lost';
}

let armed: readonly FailpointSpec[] = [];
let passes = new Map<FailpointName, number>();

/** Arms these failpoints of this process, and no others. Called once at the start, from the configuration. */
export function armFailpoints(...specs: readonly FailpointSpec[]): void {
  armed = specs;
  passes = new Map();
}

/**
 * Marks a step of a run. Does nothing unless armed under this name.
 * @throws STORE_UNAVAILABLE at the armed pass of a `lost` failpoint: the caller sees what a broken connection would show.
 */
export function failpoint(name: FailpointName): void {
  if (armed.length === 0) return;
  const nth = (passes.get(name) ?? 0) + 1;
  passes.set(name, nth);
  const spec = armed.find((candidate) => candidate.name === name && candidate.nth === nth);
  if (spec === undefined) return;
  if (spec.effect === 'lost') {
    throw new TidemarkError('STORE_UNAVAILABLE', `The answer at ${name} was lost (failpoint).`);
  }
  process.kill(process.pid, 'SIGKILL');
}

/** Reads `name[:nth[:lost]]`, several by commas; null when one of them is none. */
export function parseFailpoints(text: string): readonly FailpointSpec[] | null {
  const specs = text.split(',').map(parseFailpoint);
  return specs.every((spec) => spec !== null) ? specs : null;
}

function parseFailpoint(text: string): FailpointSpec | null {
  const [given, nth = '1', effect = 'kill', ...rest] = text.split(':');
  const name = failpointNames.find((known) => known === given);
  if (name === undefined || rest.length > 0 || !/^[1-9]\d{0,8}$/.test(nth) || (effect !== 'kill' && effect !== 'lost')) return null;
  return { name, nth: Number(nth), effect };
}
