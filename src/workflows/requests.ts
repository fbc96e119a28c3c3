// What each message does to the entity (decisions 9 and 12). Handlers only change this state; the main loop acts on it.
// MUST be deterministic: every decision comes from the entity and the message.
import type { Entity, Waiting } from './entity.ts';
import { leaveOut, move } from './entity.ts';
import type { CancelInput, DoneAnswer, PauseInput, ProfileInput, PullDueInput, RunAnswer } from './messages.ts';

const skipped = (reason: string): RunAnswer => ({ outcome: 'skipped', reason });

/** An answer, or `opening`: it comes under the request's id when its run is open. */
export type Reply = RunAnswer | 'opening';

export const dueId = ({ profile, scheduledAt }: PullDueInput): string => `due:${profile}:${scheduledAt}`;

/** One occurrence of a schedule. Asked again, it is answered as before. Each answer leaves a row; `run` gets its row when the run opens. */
export function takeDue(entity: Entity, due: PullDueInput): Reply {
  const requestId = dueId(due);
  const given = entity.answers.get(requestId);
  if (given?.outcome === 'run') return given;
  if (entity.opening?.requestId === requestId) return 'opening';
  if (entity.queue.some((waiting) => waiting.requestId === requestId))
    return startsNow(entity, requestId) ? 'opening' : { outcome: 'queued' };
  const reason = whyNotDue(entity, due.profile);
  const note = { connection: entity.name, profile: due.profile, scheduledAt: due.scheduledAt, run: null };
  if (reason !== null) {
    if (entity.paused !== null && reason === 'paused') {
      entity.paused = { ...entity.paused, skipped: { ...entity.paused.skipped, [due.profile]: due.scheduledAt } };
    }
    entity.notes.push({ ...note, outcome: 'skipped', reason });
    return skipped(reason);
  }
  // Skipped before, it is asked for anew.
  entity.answers.delete(requestId);
  entity.queue.push({ requestId, profile: due.profile, trigger: 'schedule', scheduledAt: due.scheduledAt });
  if (startsNow(entity, requestId)) return 'opening';
  entity.notes.push({ ...note, outcome: 'queued', reason: null });
  return { outcome: 'queued' };
}

function whyNotDue(entity: Entity, name: string): string | null {
  if (entity.deleted) return 'the connection was deleted';
  const profile = entity.profiles.find((candidate) => candidate.name === name);
  if (profile === undefined) return 'there is no such profile';
  if (profile.status === 'inactive') return 'the profile is inactive';
  if (entity.paused !== null) return 'paused';
  if (isRunning(entity, name)) return 'the profile is running';
  return entity.queue.some((waiting) => waiting.profile === name) ? 'the profile is waiting already' : null;
}

/** Profiles that a request means: the named one, also when it is inactive, or every active one in file order. null: there is no such profile. */
export function meantProfiles(entity: Entity, { profile }: ProfileInput): string[] | null {
  const names = entity.profiles
    .filter(({ name, status }) => (profile === undefined ? status === 'active' : name === profile))
    .map(({ name }) => name);
  return profile !== undefined && names.length === 0 ? null : names;
}

/** runNow and forceFullPull for one profile. A request for a profile that waits already joins it. */
export function takeRequest(entity: Entity, of: { readonly requestId: string; readonly profile: string; readonly forced: boolean }): Reply {
  const { requestId, profile, forced } = of;
  const { current, opening } = entity;
  if (entity.deleted) return skipped('the connection was deleted');
  if (entity.paused !== null) return skipped('paused');
  // A full pull under way is what was asked for; a delta is stopped by the main loop, because a forced one waits.
  if (forced && current?.profile === profile && current.mode === 'full' && current.told === null)
    return { outcome: 'run', run: current.run };
  if (forced && opening?.profile === profile && opening.trigger === 'forced') {
    entity.opening = { ...opening, joinedBy: requestId };
    return { outcome: 'queued' };
  }
  const waiting = entity.queue.find((candidate) => candidate.profile === profile);
  if (waiting !== undefined) {
    const joined: Waiting = { ...waiting, joinedBy: requestId, ...(forced ? { trigger: 'forced' } : {}) };
    entity.queue = entity.queue.map((other) => (other === waiting ? joined : other));
    return { outcome: 'queued' };
  }
  const request: Waiting = { requestId, profile, trigger: forced ? 'forced' : 'manual', scheduledAt: null };
  // What replaces the run under way comes next.
  if (forced && isRunning(entity, profile)) entity.queue.unshift(request);
  else entity.queue.push(request);
  return startsNow(entity, requestId) ? 'opening' : { outcome: 'queued' };
}

export function takePause(entity: Entity, { reason }: PauseInput, now: string): DoneAnswer {
  if (entity.paused !== null) return { done: false, note: `paused already since ${entity.paused.since}` };
  entity.paused = { since: now, reason: reason ?? null, skipped: {} };
  move(entity, 'paused', null);
  return { done: true, note: null };
}

/** Goes on with what waits; each profile with occurrences that were skipped meanwhile runs once, for the last of them. */
export function takeResume(entity: Entity): DoneAnswer {
  const { paused } = entity;
  if (paused === null) return { done: false, note: 'not paused' };
  entity.paused = null;
  move(entity, 'resumed', null);
  for (const { name, status } of entity.profiles) {
    const scheduledAt = paused.skipped[name];
    const waits = entity.queue.some(({ profile }) => profile === name);
    if (scheduledAt === undefined || status === 'inactive' || waits) continue;
    const requestId = dueId({ profile: name, scheduledAt });
    entity.answers.delete(requestId);
    entity.queue.push({ requestId, profile: name, trigger: 'schedule', scheduledAt });
  }
  return { done: true, note: null };
}

/** The run under way ends at its next page. A run of another number, or none: nothing is done. */
export function takeCancel(entity: Entity, { run }: CancelInput): DoneAnswer {
  const { current } = entity;
  if (current === null) return { done: false, note: 'no run is under way' };
  if (run !== undefined && run !== current.run) return { done: false, note: `run ${run} is not under way` };
  entity.cancelAsked = true;
  return { done: true, note: null };
}

/** The connection is gone: what waits is answered, the run under way is stopped. */
export function takeDeletion(entity: Entity): void {
  entity.deleted = true;
  entity.loaded = true;
  const reason = 'the connection was deleted';
  for (const waiting of entity.queue) leaveOut(entity, waiting, reason);
  if (entity.approval !== null) entity.answers.set(entity.approval.requestId, skipped(reason));
  entity.approval = null;
  for (const rejection of entity.rejections) rejection.answer = { done: false, note: reason };
  entity.rejections = [];
}

/** A run that removes what was approved pulls no profile. */
function isRunning({ current, opening }: Entity, profile: string): boolean {
  if (current?.profile === profile && current.mode !== 'settle') return true;
  return opening?.profile === profile && opening.approve === undefined;
}

/** Whether the request is the next that the main loop opens, with nothing before it. */
function startsNow({ current, opening, approval, queue, unfinished, paused }: Entity, requestId: string): boolean {
  const idle = current === null && opening === null && paused === null && unfinished.length === 0;
  return idle && approval === null && queue[0]?.requestId === requestId;
}
