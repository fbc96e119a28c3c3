// The only reader of process.env: everything a process of Tidemark is told from outside, checked once at its start.
import { isIP } from 'node:net';
import path from 'node:path';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { list, type SecretSources, secretSourcesOf, secretVariables } from './config/secretSources.ts';
import { TidemarkError } from './errors.ts';
import { type FailpointSpec, failpointNames, parseFailpoints } from './failpoint.ts';
import type { Timings } from './model.ts';
import { readStackFile, type StackFile } from './stack/stackFile.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const milliseconds = z.int().positive();

/** Each with the value it ships with. TIDEMARK_TIMINGS shortens them, which only tests do. */
const timingsSchema = z.strictObject({
  sliceMs: milliseconds.default(10 * minute),
  pullStartToCloseMs: milliseconds.default(15 * minute),
  heartbeatTimeoutMs: milliseconds.default(minute),
  stallMs: milliseconds.default(5 * minute),
  longWaitMs: milliseconds.default(minute),
  maxWaitMs: milliseconds.default(6 * hour),
  workedLimitMs: milliseconds.default(day),
  pagelessLimitMs: milliseconds.default(6 * hour),
  shortActivityMs: milliseconds.default(minute),
  retryInitialMs: milliseconds.default(second),
  retryMaximumMs: milliseconds.default(minute),
  cursorMaxAgeMs: milliseconds.default(6 * day + 20 * hour),
});

export const shippedTimings: Timings = timingsSchema.parse({});

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Config {
  /** Absolute. */
  readonly home: string;
  /** null when neither TIDEMARK_DATABASE_URL nor a stack file names a database. */
  readonly databaseUrl: string | null;
  readonly temporal: {
    /** host:port */
    readonly address: string;
    readonly namespace: string;
    /** TLS, API key and metadata as Temporal's own configuration gives them. */
    readonly connection: ClientConnectConfig['connectionOptions'];
    /** The file of the keys that payloads are encrypted with; absolute. null: they are plain. */
    readonly codecKeyFile: string | null;
  };
  /** What the environment itself names, rather than the stack file or a default: `up` does not start its own then. */
  readonly given: { readonly database: boolean; readonly temporal: boolean };
  readonly secrets: SecretSources;
  /** Origins that `cloud: custom` may name besides loopback. */
  readonly allowedOrigins: readonly string[];
  readonly log: LogLevel;
  /** Where the worker serves its metrics: an IP address and a port; null: nowhere. */
  readonly metrics: string | null;
  /** Where traces go by OTLP over HTTP; null: nowhere. */
  readonly traces: string | null;
  /** Whether workers are versions of Temporal's Worker Deployment `tidemark`. */
  readonly versioning: boolean;
  readonly timings: Timings;
  /** How many runs may be under way at once: of the fleet, and of one tenant. */
  readonly admission: { readonly atOnce: number; readonly perTenant: number };
  /** Where runs write files: the directories of connections are below it; absolute. */
  readonly exportDir: string;
  /** How many days it can be asked for what a run changed. */
  readonly changesDays: number;
  /** How many days an order that has ended is known. */
  readonly ordersDays: number;
  readonly failpoints: readonly FailpointSpec[];
  /** The directory of the files that workflows may name as orders; absolute. null: none. */
  readonly ordersDir: string | null;
  /** Lists by which CVEs are scored; absolute paths, null where none is given. */
  readonly lists: { readonly kevFile: string | null; readonly epssFile: string | null };
  readonly proxy: { readonly url: string | null; readonly except: string | null };
  readonly stack: StackFile | null;
}

const count = z
  .string()
  .refine((text) => /^[1-9]\d{0,5}$/.test(text), { error: 'must be a whole number from 1' })
  .transform(Number);

const days = z
  .string()
  .refine((text) => /^[1-9]\d{0,3}d$/.test(text), { error: 'must be a number of days, like 30d' })
  .transform((text) => Number(text.slice(0, -1)));

const databaseUrlSchema = z.string().refine((text) => /^postgres(ql)?:\/\//.test(text), {
  error: 'must begin with postgresql:// or postgres://',
});

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

const timingsText = z.string().transform((text, context): Timings => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a JSON object of milliseconds by name' });
    return z.NEVER;
  }
  const result = timingsSchema.safeParse(parsed);
  if (!result.success) {
    context.addIssue({
      code: 'custom',
      message: `must hold positive milliseconds under known names: ${Object.keys(shippedTimings).join(', ')}`,
    });
    return z.NEVER;
  }
  return result.data;
});

/** Every variable that Tidemark itself reads. TEMPORAL_* belong to @temporalio/envconfig, OTEL_* to OpenTelemetry but for the two that switch it on. */
export const variables = {
  TIDEMARK_HOME: z.string().default('.tidemark'),
  TIDEMARK_DATABASE_URL: databaseUrlSchema.optional(),
  TIDEMARK_CODEC_KEY_FILE: z.string().optional(),
  ...secretVariables,
  TIDEMARK_ALLOWED_ORIGINS: list
    .refine((origins) => origins.every(isOrigin), { error: 'must list origins like https://graph.example, without a path' })
    .default([]),
  TIDEMARK_LOG: z.enum(logLevels).default('info'),
  TIDEMARK_METRICS: z.string().refine(isSocketAddress, { error: 'must be an IP address and a port, like 127.0.0.1:9464' }).optional(),
  TIDEMARK_VERSIONING: z.enum(['on', 'off']).default('off'),
  TIDEMARK_TIMINGS: timingsText.default(shippedTimings),
  TIDEMARK_RUNS_AT_ONCE: count.default(20),
  TIDEMARK_RUNS_PER_TENANT: count.default(4),
  TIDEMARK_EXPORT_DIR: z.string().optional(),
  TIDEMARK_CHANGES_RETENTION: days.default(30),
  // The guard counts the deletions of a day.
  TIDEMARK_ORDERS_RETENTION: days.refine((kept) => kept >= 2, { error: 'must be 2d at least' }).default(400),
  TIDEMARK_ORDERS_DIR: z.string().optional(),
  TIDEMARK_KEV_FILE: z.string().optional(),
  TIDEMARK_EPSS_FILE: z.string().optional(),
  TIDEMARK_FAILPOINT: z
    .string()
    .transform((text, context): readonly FailpointSpec[] => {
      const specs = parseFailpoints(text);
      if (specs !== null) return specs;
      context.addIssue({ code: 'custom', message: `must be NAME[:NTH[:lost]],... with names of: ${failpointNames.join(', ')}` });
      return z.NEVER;
    })
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl.optional(),
  HTTPS_PROXY: httpUrl.optional(),
  NO_PROXY: z.string().optional(),
} as const;

/**
 * Reads and checks the configuration. Variables win over the stack file; an empty variable counts as not set.
 * @throws CONFIG_INVALID naming the variable, never its value.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env, cwd: string = process.cwd()): Config {
  const given = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => (entry[1] ?? '') !== ''));
  const result = z.object(variables).safeParse(withLowerCaseProxies(given));
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new TidemarkError('CONFIG_INVALID', `${String(issue?.path[0])} ${issue?.message ?? 'is not valid'}.`, {
      hint: 'Correct the environment variable named here.',
    });
  }
  const read = result.data;
  const home = path.resolve(cwd, read.TIDEMARK_HOME);
  const stack = readStackFile(home);
  return {
    home,
    databaseUrl: read.TIDEMARK_DATABASE_URL ?? stack?.databaseUrl ?? null,
    temporal: {
      ...temporalConfig(given, stack),
      codecKeyFile: read.TIDEMARK_CODEC_KEY_FILE === undefined ? null : path.resolve(cwd, read.TIDEMARK_CODEC_KEY_FILE),
    },
    given: { database: read.TIDEMARK_DATABASE_URL !== undefined, temporal: isTemporalGiven(given) },
    secrets: {
      ...secretSourcesOf(read, { cwd, home }),
      // Read anew each time: whoever changes the process's own environment changes what is read.
      get env() {
        return Object.fromEntries(
          Object.entries(env).filter(
            (entry): entry is [string, string] =>
              (entry[1] ?? '') !== '' && (isSecretName(entry[0]) || read.TIDEMARK_SECRET_ENV.includes(entry[0])),
          ),
        );
      },
    },
    allowedOrigins: read.TIDEMARK_ALLOWED_ORIGINS.map((origin) => new URL(origin).origin),
    log: read.TIDEMARK_LOG,
    metrics: read.TIDEMARK_METRICS ?? null,
    traces: tracesUrl(read.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, read.OTEL_EXPORTER_OTLP_ENDPOINT),
    versioning: read.TIDEMARK_VERSIONING === 'on',
    timings: read.TIDEMARK_TIMINGS,
    admission: { atOnce: read.TIDEMARK_RUNS_AT_ONCE, perTenant: read.TIDEMARK_RUNS_PER_TENANT },
    exportDir: read.TIDEMARK_EXPORT_DIR === undefined ? path.join(home, 'exports') : path.resolve(cwd, read.TIDEMARK_EXPORT_DIR),
    changesDays: read.TIDEMARK_CHANGES_RETENTION,
    ordersDays: read.TIDEMARK_ORDERS_RETENTION,
    failpoints: read.TIDEMARK_FAILPOINT ?? [],
    ordersDir: read.TIDEMARK_ORDERS_DIR === undefined ? null : path.resolve(cwd, read.TIDEMARK_ORDERS_DIR),
    lists: {
      kevFile: read.TIDEMARK_KEV_FILE === undefined ? null : path.resolve(cwd, read.TIDEMARK_KEV_FILE),
      epssFile: read.TIDEMARK_EPSS_FILE === undefined ? null : path.resolve(cwd, read.TIDEMARK_EPSS_FILE),
    },
    proxy: { url: read.HTTPS_PROXY ?? null, except: read.NO_PROXY ?? null },
    stack,
  };
}

/** This process's environment and more, for a child that reads its own configuration. */
export function environmentWith(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...more };
}

/** TIDEMARK_SECRET_ENV, _DIR and _KEY_FILE are settings; every other name with the prefix is a secret. */
function isSecretName(name: string): boolean {
  return name.startsWith('TIDEMARK_SECRET_') && !(name in variables);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text.replace(/\/$/, '').toLowerCase();
}

function isSocketAddress(text: string): boolean {
  const [, host = '', port = ''] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  return isIP(host) !== 0 && Number(port) > 0 && Number(port) < 65_536;
}

/** As OpenTelemetry has it: the address for traces as it is, the one for all signals with their path. */
function tracesUrl(traces: string | undefined, all: string | undefined): string | null {
  return traces ?? (all === undefined ? null : `${all.replace(/\/$/, '')}/v1/traces`);
}

/** Proxy variables are written in either case; the upper one wins. */
function withLowerCaseProxies(given: Readonly<Record<string, string>>): Record<string, string> {
  const lower = { HTTPS_PROXY: given['https_proxy'], NO_PROXY: given['no_proxy'] };
  return { ...Object.fromEntries(Object.entries(lower).filter((entry): entry is [string, string] => entry[1] !== undefined)), ...given };
}

const defaultAddress = '127.0.0.1:7233';

function temporalConfig(given: Record<string, string>, stack: StackFile | null): Omit<Config['temporal'], 'codecKeyFile'> {
  let loaded: ClientConnectConfig;
  try {
    loaded = loadClientConnectConfig({ overrideEnvVars: given });
  } catch (error) {
    throw new TidemarkError('CONFIG_INVALID', 'The Temporal configuration (TEMPORAL_* variables or its file) cannot be read.', {
      hint: 'Correct the TEMPORAL_* variables, or the file and profile that TEMPORAL_CONFIG_FILE and TEMPORAL_PROFILE name.',
      cause: error,
    });
  }
  const ours = isTemporalGiven(given) ? null : stack;
  if (ours !== null) {
    return {
      address: ours.temporalAddress,
      namespace: given['TEMPORAL_NAMESPACE'] ?? ours.namespace,
      connection: { address: ours.temporalAddress },
    };
  }
  const { connectionOptions, namespace = 'default' } = loaded;
  const { address = defaultAddress } = connectionOptions;
  return { address, namespace, connection: { ...connectionOptions, address } };
}

/** A profile or file that was named is a choice; Temporal's default file is not, so the stack of this home comes before it. */
function isTemporalGiven(given: Readonly<Record<string, string>>): boolean {
  return ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'].some((name) => name in given);
}
