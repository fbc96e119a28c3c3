// What the decisions on held removals do to the entity (decision 3). The main loop carries them out: an approval is a run, a rejection an activity.
// MUST be deterministic: every decision comes from the entity and the message.
import type { Entity, Rejection } from './entity.ts';
import { whyNotDecided } from './entity.ts';
import type { RemovalsInput, RunAnswer } from './messages.ts';
import type { Reply } from './requests.ts';

const skipped = (reason: string): RunAnswer => ({ outcome: 'skipped', reason });

const unnamed = 'unnamed, by Temporal';
const notKnown = 'no removals are known to be held';

/** approveRemovals. One approval waits at most: of the same set it is joined, of another it is replaced, because the later one has seen more. */
export function takeApproval(entity: Entity, { requestId, digest, by }: RemovalsInput & { readonly requestId: string }): Reply {
  const { current, opening, unfinished, approval, held } = entity;
  if (entity.deleted) return skipped('the connection was deleted');
  if (entity.paused !== null) return skipped('paused');
  if (current?.approves === digest && current.told === null) return { outcome: 'run', run: current.run };
  if (opening?.approve?.digest === digest || approval?.digest === digest) return { outcome: 'queued' };
  if (held === null) return skipped(notKnown);
  // A run under way may be changing the set: what it will be is known at its end.
  const idle = current === null && opening === null && unfinished.length === 0;
  if (idle && held.digest !== digest) return skipped(whyNotDecided(held));
  if (approval !== null) entity.answers.set(approval.requestId, skipped('another approval came after it'));
  entity.approval = { requestId, digest, by: by ?? unnamed };
  return idle ? 'opening' : { outcome: 'queued' };
}

const mostRejections = 10;

/** rejectRemovals: an answer, or what the main loop will answer. Whether the digest is the set's only the database knows. */
export function takeRejection(entity: Entity, { digest, by }: RemovalsInput): Rejection {
  const refused = (note: string): Rejection => ({ digest, by: '', answer: { done: false, note } });
  if (entity.deleted) return refused('the connection was deleted');
  if (entity.held === null) return refused(notKnown);
  const same = entity.rejections.find((other) => other.digest === digest);
  if (same !== undefined) return same;
  if (entity.rejections.length >= mostRejections) return refused('too many decisions wait');
  const rejection: Rejection = { digest, by: by ?? unnamed, answer: null };
  entity.rejections.push(rejection);
  return rejection;
}
