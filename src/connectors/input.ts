// The keys of a connection file as people write them: shape and bounds. What depends on other keys, the connector or the time is checked in spec.ts.
import { z } from 'zod';
import { cloudNames } from './clouds.ts';
import { idReference, reference } from './reference.ts';

export const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const domain = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;

/** One reference, or two: the old secret and the new one, while they are exchanged. */
const references = z
  .preprocess(
    (value: unknown): unknown => (Array.isArray(value) ? value : [value]),
    z.array(reference).min(1, 'must not be empty').max(2, 'has at most two references: the old and the new'),
  )
  .optional();

export const credentials = z
  .strictObject({
    tenantId: z.string().refine((text) => guid.test(text) || domain.test(text), 'must be the id of the tenant or one of its domain names'),
    clientId: z.union(
      [z.string().regex(guid), idReference],
      'must be the application (client) id, such as a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3, or a reference to it',
    ),
    clientSecret: references,
    clientCertificate: references,
    identity: z.enum(['managed', 'workload']).optional(),
  })
  .superRefine((value, context) => {
    const given = (['clientSecret', 'clientCertificate', 'identity'] as const).filter((key) => value[key] !== undefined);
    if (given.length === 0) context.addIssue('needs clientSecret, clientCertificate or identity');
    if (given.length > 1) context.addIssue(`has ${given.join(' and ')}: keep one of them`);
    // Its token says whose it is by id: another tenant's records would come into the inventory.
    if (value.identity === 'managed' && !guid.test(value.tenantId))
      context.addIssue({ code: 'custom', path: ['tenantId'], message: "must be the tenant's id with identity: managed" });
  });

const url = z
  .string()
  .max(2_048)
  .superRefine((text, context) => {
    const parsed = URL.canParse(text) ? new URL(text) : null;
    if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) context.addIssue('must be an https address');
    else if (parsed.username !== '' || parsed.password !== '') context.addIssue('must not hold a user name or password');
    else if (parsed.search !== '' || parsed.hash !== '') context.addIssue('must not have a query or fragment');
    else if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname))
      context.addIssue('must be https: http is accepted for loopback only');
  })
  .transform((text) => text.replace(/\/+$/, ''));

/** As findings and image references write it: a name, and a port where it is not 443. */
const registryHost = z
  .string()
  .max(255)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i, 'must be a host, such as contoso.azurecr.io or localhost:5000')
  .transform((text) => text.toLowerCase());

/** The host as WHATWG writes it: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

const count = z.int('must be a whole number').min(0, 'must not be negative').max(1_000_000_000);
const percent = z.number().min(0, 'is a percentage: 0 to 100').max(100, 'is a percentage: 0 to 100');
const description = z.string().max(164, 'has at most 164 characters').default('');
const local = z.string().max(40);

const schedule = z.strictObject({
  occurs: z.enum(['recurring', 'once']),
  every: z.string().max(20).optional(),
  cron: z.string().max(200).optional(),
  start: local.optional(),
  end: local.optional(),
  timezone: z.string().max(64).default('UTC'),
});

const profile = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9.-]{1,64}$/, 'has letters, digits, "-" and "." only, at most 64'),
  description,
  status: z.enum(['active', 'inactive']).default('active'),
  streams: z.array(z.string()).min(1, 'must name a stream; leave the key out for all that are not optional').max(50).optional(),
  assetTypes: z.array(z.string()).min(1, 'must name a type; leave the key out for all').max(50).optional(),
  maps: z.record(z.string(), z.string()).default({}),
  schedule: schedule.optional(),
  baseline: z.enum(['weekly', 'fortnightly', 'triweekly', 'monthly', 'never']).optional(),
});

export const connectionInput = z.strictObject({
  kind: z.literal('connection', 'must be connection, tag, map or identification-rules').default('connection'),
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9.-]{0,63}$/, 'begins with a letter and has letters, digits, "-" and "." only, at most 64'),
  title: z.string().min(1, 'must not be empty').max(128, 'has at most 128 characters').optional(),
  description,
  connector: z.string(),
  credentials,
  cloud: z.enum(cloudNames).default('global'),
  endpoints: z
    .strictObject({
      login: url.optional(),
      graph: url.optional(),
      arm: url.optional(),
      registries: z.array(registryHost).min(1, 'must name a host; leave the key out for none').max(100).optional(),
      caFile: z.string().min(1).max(1_024).optional(),
    })
    .optional(),
  settings: z.record(z.string(), z.unknown()).default({}),
  guard: z
    .strictObject({
      absolute: count.default(500),
      percent: percent.default(5),
      minimum: count.default(5),
      dailyPercent: percent.default(10),
    })
    .prefault({}),
  rejects: z.strictObject({ absolute: count.default(1_000), percent: percent.default(5) }).prefault({}),
  profiles: z
    .array(profile)
    .min(1, 'must hold a profile; leave the key out for one that runs on demand')
    .max(10, 'has at most 10 profiles')
    .default([{ name: 'default', description: '', status: 'active', maps: {} }]),
});

export type ConnectionInput = z.output<typeof connectionInput>;
export type ProfileInput = z.output<typeof profile>;
export type ScheduleInput = z.output<typeof schedule>;

/** Keys of the contract that this version does not act on: refused by name rather than kept without effect. The path has `*` for positions. */
export const unsupportedKeys: ReadonlySet<string> = new Set(['notify']);

/** Every key of the file by the path of its object: what "did you mean" chooses from. */
export const knownKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['', Object.keys(connectionInput.shape)],
  ['credentials', ['tenantId', 'clientId', 'clientSecret', 'clientCertificate', 'identity']],
  ['endpoints', ['login', 'graph', 'arm', 'registries', 'caFile']],
  ['guard', ['absolute', 'percent', 'minimum', 'dailyPercent']],
  ['rejects', ['absolute', 'percent']],
  ['profiles.*', Object.keys(profile.shape)],
  ['profiles.*.schedule', Object.keys(schedule.shape)],
]);
