// Where resources of an estate lie: subscriptions, and the parts of ids. Ids differ in case between tables, as Microsoft's do.
import { guid, mix } from '../random.ts';
import type { ImageNames } from './images.ts';
import type { EstateShape } from './shape.ts';

export interface Places {
  readonly shape: EstateShape;
  readonly tenantId: string;
  readonly images: ImageNames;
  /** In order. */
  readonly subscriptions: readonly string[];
  /** The position of the subscription that the resource lies in: each has a range of them. */
  subscriptionOf(resource: number, count: number): number;
  /** A number that belongs to a resource. */
  dice(salt: number, resource: number): number;
  guid(salt: number, resource: number): string;
}

export function placesOf(shape: EstateShape, tenantId: string, images: ImageNames): Places {
  const { seed } = shape;
  const subscriptions = Array.from({ length: shape.subscriptions }, (_, index) => guid(seed, 'other', 0x5000_0000 + index)).toSorted();
  return {
    shape,
    tenantId,
    images,
    subscriptions,
    subscriptionOf: (resource, count) =>
      Math.min(Math.floor((resource * subscriptions.length) / Math.max(count, 1)), subscriptions.length - 1),
    dice: (salt, resource) => mix(seed, 7000 + salt, resource),
    guid: (salt, resource) => guid(seed, 'other', (mix(seed, 8000 + salt, resource) & 0x3fff_ffff) + 0x1000),
  };
}

export const locations = ['westeurope', 'northeurope', 'swedencentral'] as const;

/** A point in time between 2024 and 2026 that belongs to a number. */
export function timeOf(dice: number): string {
  return new Date(1_704_067_200_000 + (dice % 60_000_000) * 1_000).toISOString();
}
