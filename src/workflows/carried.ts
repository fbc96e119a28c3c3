// What an entity hands to itself when it continues as new: only what the database does not have. Under 8 KB by construction: one waiting request per profile, one approval.
// MUST be readable by the previous release: fields may be added, and what is not understood is left out.
import type { ConnectionState } from '../model.ts';
import type { Entity, Waiting, WaitingApproval } from './entity.ts';

export interface CarriedInput {
  readonly name: string;
  /** An approval is no entry of the queue: the previous release would take it for a pull. */
  readonly carried: Pick<Entity, 'queue' | 'approval' | 'highestRun' | 'connector' | 'state' | 'since'>;
}

export function carriedOf({ name, queue, approval, highestRun, connector, state, since }: Entity): CarriedInput {
  return { name, carried: { queue, approval, highestRun, connector, state, since } };
}

/** Takes over what was carried; a part of another shape is left out. */
export function carriedFrom(entity: Entity, raw: unknown): void {
  const carried = partOf(raw, 'carried');
  const highestRun = partOf(carried, 'highestRun');
  if (typeof highestRun === 'number' && Number.isSafeInteger(highestRun) && highestRun > 0) entity.highestRun = highestRun;
  // Shown until the row has been read.
  const shown = { connector: partOf(carried, 'connector'), state: partOf(carried, 'state'), since: partOf(carried, 'since') };
  if (typeof shown.connector === 'string') entity.connector = shown.connector;
  if (typeof shown.since === 'string' && isState(shown.state)) {
    entity.state = shown.state;
    entity.since = shown.since;
  }
  const queue = partOf(carried, 'queue');
  if (Array.isArray(queue)) entity.queue = queue.filter(isWaiting);
  const approval = partOf(carried, 'approval');
  if (isApproval(approval)) entity.approval = approval;
}

const states: readonly unknown[] = [
  'registered',
  'scheduled',
  'processing',
  'processed',
  'errored',
  'held',
  'paused',
] satisfies ConnectionState[];

function isState(raw: unknown): raw is ConnectionState {
  return states.includes(raw);
}

function isWaiting(raw: unknown): raw is Waiting {
  const trigger = partOf(raw, 'trigger');
  const scheduledAt = partOf(raw, 'scheduledAt');
  return (
    typeof partOf(raw, 'requestId') === 'string' &&
    typeof partOf(raw, 'profile') === 'string' &&
    (trigger === 'schedule' || trigger === 'manual' || trigger === 'forced') &&
    (scheduledAt === null || typeof scheduledAt === 'string')
  );
}

function isApproval(raw: unknown): raw is WaitingApproval {
  return (['requestId', 'digest', 'by'] as const).every((key) => typeof partOf(raw, key) === 'string');
}

function partOf(raw: unknown, key: string): unknown {
  return typeof raw === 'object' && raw !== null ? Object.getOwnPropertyDescriptor(raw, key)?.value : undefined;
}
