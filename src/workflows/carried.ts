// What an entity hands to itself when it continues as new: only what the database does not have. Under 8 KB by construction: one waiting request per profile.
// MUST be readable by the previous release: fields may be added, and what is not understood is left out.
import type { Entity, Waiting } from './entity.ts';

export interface CarriedInput {
  readonly name: string;
  readonly carried: { readonly queue: readonly Waiting[]; readonly highestRun: number };
}

export function carriedOf({ name, queue, highestRun }: Entity): CarriedInput {
  return { name, carried: { queue, highestRun } };
}

/** Takes over what was carried; a part of another shape is left out. */
export function carriedFrom(entity: Entity, raw: unknown): void {
  const carried = partOf(raw, 'carried');
  const highestRun = partOf(carried, 'highestRun');
  if (typeof highestRun === 'number' && Number.isSafeInteger(highestRun) && highestRun > 0) entity.highestRun = highestRun;
  const queue = partOf(carried, 'queue');
  if (Array.isArray(queue)) entity.queue = queue.filter(isWaiting);
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

function partOf(raw: unknown, key: string): unknown {
  return typeof raw === 'object' && raw !== null ? Object.getOwnPropertyDescriptor(raw, key)?.value : undefined;
}
