// A connection as it is stored and run: the complete form of a connection file. Secrets are references, always.
import { z } from 'zod';
import { TidemarkError } from '../errors.ts';
import { canonical, hashOf } from '../mappings/canonical.ts';
import type { JsonObject } from '../model.ts';
import { cloudNames } from './clouds.ts';

const scheduleSpec = z.discriminatedUnion('occurs', [
  z.object({ occurs: z.literal('once'), start: z.string(), timezone: z.string() }),
  z.object({
    occurs: z.literal('recurring'),
    every: z.string().nullable(),
    cron: z.string().nullable(),
    start: z.string(),
    end: z.string(),
    timezone: z.string(),
  }),
]);

const profileSpec = z.object({
  name: z.string(),
  description: z.string(),
  status: z.enum(['active', 'inactive']),
  /** In the connector's order; null: all that are not optional. */
  streams: z.array(z.string()).nullable(),
  /** The classes of assets whose findings are asked for; absent: all. Earlier releases knew none. */
  assetTypes: z.array(z.string()).optional(),
  /** By stream; a stream that is not here has its built-in map. */
  maps: z.record(z.string(), z.string()),
  /** null: on demand only. */
  schedule: scheduleSpec.nullable(),
  /** null exactly when the schedule is not recurring, or the connector has no delta. */
  baseline: z.enum(['weekly', 'fortnightly', 'triweekly', 'monthly', 'never']).nullable(),
});

const connectionSpec = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  connector: z.string(),
  credentials: z.object({
    tenantId: z.string(),
    clientId: z.string(),
    /** References, the new one first when there are two; exactly one of these three is not null. */
    clientSecret: z.array(z.string()).nullable(),
    clientCertificate: z.array(z.string()).nullable(),
    /** Given by the platform that the worker runs on. Earlier releases knew none. */
    identity: z.enum(['managed', 'workload']).nullable().default(null),
  }),
  cloud: z.enum(cloudNames),
  /** Exactly with cloud `custom`. */
  endpoints: z.object({ login: z.string(), graph: z.string(), arm: z.string().optional(), ca: z.string().nullable() }).nullable(),
  /** Container registries that get the credential besides those that Resource Graph lists. Earlier releases knew none. */
  registries: z.array(z.string()).optional(),
  settings: z.record(z.string(), z.json()),
  guard: z.object({ absolute: z.number(), percent: z.number(), minimum: z.number(), dailyPercent: z.number() }),
  rejects: z.object({ absolute: z.number(), percent: z.number() }),
  profiles: z.array(profileSpec),
  /** The maps of the users' own that the profiles name, as their files give them. Kept beside the connection: not a part of what is applied. */
  customMaps: z.record(z.string(), z.json()).default({}),
});

export type ConnectionSpec = z.output<typeof connectionSpec>;
export type ProfileSpec = z.output<typeof profileSpec>;

/** A stored connection. @throws CONFIG_INVALID when the row was not written by `apply` of this or an earlier release. */
export function readSpec(stored: unknown): ConnectionSpec {
  const parsed = connectionSpec.safeParse(stored);
  if (parsed.success) return parsed.data;
  throw new TidemarkError('CONFIG_INVALID', `The stored connection cannot be read at "${parsed.error.issues[0]?.path.join('.') ?? ''}".`, {
    hint: 'Apply its file again.',
  });
}

/** What `apply` stores of a connection: all but what is kept beside it. */
export function appliedSpec({ customMaps: _, ...spec }: ConnectionSpec): JsonObject {
  return z.record(z.string(), z.json()).parse(spec);
}

/** SHA-256 of what is stored: `apply` tells changed from unchanged by it. What earlier releases did not know counts when it is there. */
export function specHash(spec: ConnectionSpec): string {
  const { identity, ...credentials } = spec.credentials;
  return hashOf(canonical({ ...appliedSpec(spec), credentials: identity === null ? credentials : spec.credentials }));
}

/** The names of a stored connection's profiles; none when there is no such connection, or it cannot be read. */
export function profileNames(stored: unknown): string[] {
  const parsed = connectionSpec.pick({ profiles: true }).safeParse(stored);
  return parsed.success ? parsed.data.profiles.map(({ name }) => name) : [];
}
