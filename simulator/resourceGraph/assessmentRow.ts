// What all rows of Defender for Cloud have in common: their columns, their status, and what a change did to it.
import type { JsonObject } from '../../src/model.ts';
import type { Overlay, RowChange } from './overlay.ts';
import { type Places, timeOf } from './places.ts';
import type { Subject, Subjects } from './subjects.ts';

export interface Writer {
  readonly places: Places;
  readonly overlay: Overlay;
  readonly subjects: Subjects;
}

export const assessments = 'microsoft.security/assessments';
export const packageKey = (pack: number): string => `package ${pack}`;
/** What tells the dice of a package's status from those of others. */
export const packageSalt = (pack: number): number => 40 + pack;

export const numberOf = ({ every }: Subjects, resource: number): number => resource * every;

/** A change is of the resource, however many rows tell of it. */
export function changeOf({ overlay, subjects }: Writer, key: string, resource: number): RowChange {
  return overlay.changesOf(`${subjects.kind} ${key}`).get(numberOf(subjects, resource)) ?? {};
}

/** Of twenty, two are healthy and one is exempt from the beginning. */
export function statusOf({ places, subjects }: Writer, salt: number, resource: number, change: RowChange): JsonObject {
  const dice = places.dice(salt, numberOf(subjects, resource));
  const found = change.status ?? (dice % 20 < 2 ? 'Healthy' : dice % 20 === 2 ? 'Exempt' : 'Unhealthy');
  const code = found === 'Exempt' ? { code: 'NotApplicable', cause: 'Exempt', description: 'Exempt' } : { code: found };
  return { ...code, statusChangeDate: timeOf(dice), firstEvaluationDate: timeOf(dice) };
}

export function rowOf({ tenantId }: Places, subject: Subject, id: string, type: string, properties: JsonObject): JsonObject {
  return {
    id,
    name: id.slice(id.lastIndexOf('/') + 1),
    type,
    tenantId,
    kind: '',
    location: '',
    resourceGroup: subject.resourceGroup,
    subscriptionId: subject.subscriptionId,
    managedBy: '',
    sku: null,
    plan: null,
    properties,
    tags: null,
    identity: null,
    zones: null,
    extendedLocation: null,
  };
}
