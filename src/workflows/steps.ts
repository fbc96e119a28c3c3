// What the entity's main loop does next: one pure choice over its state, in order of urgency.
import type { OccurrenceNote } from '../activities/types.ts';
import type { Current, Entity, Rejection, Waiting } from './entity.ts';
import type { StopInput } from './messages.ts';
import { savedStateOf } from './status.ts';

export type Step =
  | { readonly do: 'load' }
  | { readonly do: 'stop'; readonly current: Current; readonly stop: StopInput }
  | { readonly do: 'reject'; readonly rejection: Rejection }
  | { readonly do: 'note'; readonly note: OccurrenceNote }
  | { readonly do: 'conclude'; readonly current: Current; readonly ended: NonNullable<Current['ended']> }
  | { readonly do: 'adopt'; readonly run: Entity['unfinished'][number] }
  | { readonly do: 'open'; readonly waiting: Waiting }
  | { readonly do: 'save' }
  | { readonly do: 'leave' }
  | { readonly do: 'renew' };

export interface Surroundings {
  readonly now: string;
  readonly handlersFinished: boolean;
  /** Temporal suggests to continue as new, or a newer version of the worker waits. */
  readonly renewalSuggested: boolean;
}

/** Runs after which the entity continues as new, however short its history. */
const runsPerExecution = 100;

/** null: nothing to do until a message comes or the run under way ends. */
export function nextStep(entity: Entity, around: Surroundings): Step | null {
  const { current, queue } = entity;
  if (entity.reload) return { do: 'load' };
  if (current !== null && current.ended === null && current.told === null) {
    const stop = stopFor(entity, current);
    if (stop !== null) return { do: 'stop', current, stop };
  }
  const [rejection] = entity.rejections;
  if (rejection !== undefined) return { do: 'reject', rejection };
  const [note] = entity.notes;
  // A deleted connection has no rows to write to.
  if (note !== undefined && !entity.deleted) return { do: 'note', note };
  if (current !== null && current.ended !== null) return { do: 'conclude', current, ended: current.ended };
  const idle = current === null && entity.opening === null;
  const [left] = entity.unfinished;
  if (idle && left !== undefined) return { do: 'adopt', run: left };
  if (entity.deleted) return idle && around.handlersFinished ? { do: 'leave' } : null;
  const waiting = nextApproval(entity) ?? queue[0];
  if (idle && waiting !== undefined && entity.paused === null) return { do: 'open', waiting };
  if (entity.savedAs !== JSON.stringify(savedStateOf(entity, around.now))) return { do: 'save' };
  if (idle && around.handlersFinished && (around.renewalSuggested || entity.runsHere >= runsPerExecution)) return { do: 'renew' };
  return null;
}

/** The waiting approval as a request: of a profile that shows what is held, because a run belongs to one. */
function nextApproval({ approval, profiles }: Entity): Waiting | null {
  if (approval === null) return null;
  const { requestId, digest, by } = approval;
  const profile = profiles.find(({ standing }) => standing.settled === 'held') ?? profiles[0];
  return { requestId, profile: profile?.name ?? '', trigger: 'manual', scheduledAt: null, approve: { digest, by } };
}

/** Why the run under way must end at its next page, if it must. */
function stopFor(entity: Entity, current: Current): StopInput | null {
  if (entity.deleted) return { verdict: 'cancelled', reason: 'the connection was deleted' };
  if (entity.cancelAsked) return { verdict: 'cancelled', reason: 'cancelled by request' };
  if (entity.paused !== null) return { verdict: 'cancelled', reason: 'paused' };
  const replaced =
    (current.mode === 'delta' || current.mode === 'remap') &&
    entity.queue.some(({ profile, trigger }) => profile === current.profile && trigger === 'forced');
  return replaced ? { verdict: 'superseded', reason: 'a full pull of the profile was asked for' } : null;
}
