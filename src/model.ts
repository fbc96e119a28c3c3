// Types that cross a boundary: workflow and activity, activity and store, store and command line. Data only.
import type { ErrorCode } from './errors.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export type Mode = 'full' | 'delta' | 'remap' | 'settle' | 'fulfil';
export type StreamMode = 'full' | 'delta';
export type Trigger = 'schedule' | 'manual' | 'forced';
export type Verdict = 'complete' | 'partial' | 'failed' | 'cancelled' | 'superseded';
export type StreamOutcome = 'complete' | 'partial' | 'failed' | 'skipped';

/** Why a stream is read in full or by delta; the first that applies, in this order (design 3.3). */
export const reasons = [
  'first run',
  'forced',
  'baseline due',
  'cursor expired',
  'scope changed',
  'map changed',
  'no delta for this stream',
  'delta',
] as const;
export type Reason = (typeof reasons)[number];
/** Why a run is what it is: a run of mode `settle` or `fulfil` reads no stream. */
export type RunReason = Reason | 'removals approved' | 'orders';

/** What a kept secret serves; the key of the connection file that names it. */
type SecretPurpose = 'clientSecret' | 'clientCertificate';

/** What a kept secret may be used for: it is sealed together with these, and opens for nothing else. */
export interface SecretBinding {
  /** As the connection file has it, in lower case. */
  readonly tenant: string;
  /** The login's origin. */
  readonly login: string;
  readonly purpose: SecretPurpose;
}

/** A secret as the database holds it: AES-256-GCM, in base64. */
export interface SealedSecret extends SecretBinding {
  readonly name: string;
  /** Tells keys apart; says nothing of the key. */
  readonly keyId: string;
  readonly nonce: string;
  /** The ciphertext, and after it the tag. */
  readonly sealed: string;
}

export type ConnectionState = 'registered' | 'scheduled' | 'processing' | 'processed' | 'errored' | 'held' | 'paused';

type FindingClass = 'vulnerability' | 'misconfiguration';

export type AssetClass =
  | 'user'
  | 'group'
  | 'role'
  | 'host'
  | 'container-image'
  | 'container-instance'
  | 'serverless'
  | 'directory-user'
  | 'user-group'
  | FindingClass;

/** Classes of assets that findings are about. */
export const assessedClasses = ['host', 'container-image', 'container-instance', 'serverless'] as const satisfies readonly AssetClass[];
export type AssessedClass = (typeof assessedClasses)[number];

/** Classes of documents that are no assets: each is evidence of a finding. */
export const findingClasses: readonly AssetClass[] = ['vulnerability', 'misconfiguration'] satisfies readonly FindingClass[];

export const isFinding = (of: AssetClass | null): boolean => of !== null && findingClasses.includes(of);

export const findingStatuses = ['open', 'fixed', 'suppressed'] as const;
export type FindingStatus = (typeof findingStatuses)[number];

/** What a record says of a flaw of an asset, read by the pull under its `finding`. */
export interface Evidence {
  /** The flaw and its asset: the same in whatever record tells it. */
  readonly key: string;
  readonly assetClass: AssetClass;
  /** As the asset's own stream calls it. */
  readonly assetId: string;
  readonly status: FindingStatus;
  /** null where the flaw has none. */
  readonly cve: string | null;
}

/** What became of one path of a document. */
export interface PathChange {
  /** `asset.assetDetail.name`; lists are told whole. */
  readonly path: string;
  /** null where there was nothing, or is nothing now. */
  readonly before: Json;
  readonly after: Json;
  /** Whether something of it is left out: what stands here is the begin of its text. */
  readonly cut?: true;
}

/** What became of a document. */
export interface DocumentChange {
  readonly paths: readonly PathChange[];
  /** How many further paths are not kept. */
  readonly more: number;
}

/** An error as it is shown, stored and put in reports. MUST NOT hold a secret or a value of a record. */
export interface ErrorBrief {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** Timeouts and intervals of a run, in milliseconds. `openRun` hands them to the workflow, so that tests can shorten them. */
export interface Timings {
  /** A slice of `pullStream` ends at the first page boundary after this. */
  readonly sliceMs: number;
  readonly pullStartToCloseMs: number;
  readonly heartbeatTimeoutMs: number;
  /** The heartbeat stops when nothing moved for this long outside a declared wait. */
  readonly stallMs: number;
  /** A longer wait leaves the activity and becomes a timer of the workflow. */
  readonly longWaitMs: number;
  /** A wait told by the source beyond this ends the stream as partial. */
  readonly maxWaitMs: number;
  /** Bounds on a run's worked time: all of it, and without a page. */
  readonly workedLimitMs: number;
  readonly pagelessLimitMs: number;
  /** Start-to-close of every short activity. */
  readonly shortActivityMs: number;
  readonly retryInitialMs: number;
  readonly retryMaximumMs: number;
  /** A delta link older than this is not used. */
  readonly cursorMaxAgeMs: number;
}

/** One thing still to be read in a walk. The checkpoint holds a stack of them; the last is read next. */
export interface Step {
  /** Names how the answer is read: an entry of the stream's walk, e.g. `chain`, `latest`, `list`, `closing`, `delta`, or a collection's name. */
  readonly phase: string;
  /** An absolute link on the configured origin; null means the cursor the walk asked for at its start. */
  readonly link: string | null;
}

/** What a cursor is bound to. It is used only while all of it is unchanged. */
export interface CursorBinding {
  readonly tenantId: string;
  readonly clientId: string;
  readonly cloud: string;
  readonly origin: string;
  readonly selectHash: string;
}

/** What `openRun` found for one stream: the input of `decide`. Ages are by the database's clock. */
export interface StreamFacts {
  readonly stream: string;
  /** Whether the source has a delta for it. */
  readonly delta: boolean;
  readonly optional: boolean;
  /** Streams of the run that it is read after. Absent: none. */
  readonly after?: readonly string[];
  /** The stream whose slices read it too, after that one's own end. Absent: it has its own. */
  readonly along?: string;
  readonly binding: CursorBinding;
  readonly mapHash: string;
  readonly cursor: {
    readonly binding: CursorBinding;
    readonly mapHash: string;
    readonly ageMs: number;
    /**
     * What is read now and was not selected when it was adopted; also a relation that is not read any more, whose edges only a full pull would end.
     * Absent where an earlier release adopted it: then only an equal `selectHash` says that nothing is.
     */
    readonly lacks?: readonly string[];
  } | null;
  /** The last complete full pull: the nominal time of the occurrence it served. */
  readonly lastFull: { readonly nominalAt: string } | null;
  /** Full pulls of the current baseline period that did not complete, and how long ago the last one ended. */
  readonly failedFulls: { readonly count: number; readonly sinceMs: number } | null;
}

export type Baseline = 'weekly' | 'fortnightly' | 'triweekly' | 'monthly' | 'never';

/** A connection's pending set: removals that the guard held (decision 3). */
export interface HeldSet {
  readonly count: number;
  /** SHA-256 (hex) of the set; null when nothing is held. It changes with any change of the set. */
  readonly digest: string | null;
}

/** A decision on exactly the pending set of this digest, and who takes it. */
export interface Approval {
  readonly digest: string;
  readonly by: string;
}

/** What the entity hands to the child `pull`. */
export interface OpenedRun {
  readonly run: number;
  readonly connection: string;
  readonly profile: string;
  readonly trigger: Trigger;
  readonly scheduledAt: string | null;
  /** The occurrence's nominal time, or when the run was asked for. */
  readonly nominalAt: string;
  readonly baseline: { readonly every: Baseline; readonly start: string; readonly timezone: string } | null;
  readonly facts: readonly StreamFacts[];
  readonly timings: Timings;
  /** A run that removes what was held and is approved: it reads no stream. */
  readonly approve?: Approval;
  /** `planRun` waits for the run's turn: being stopped ends that wait. Absent in runs that earlier releases opened. */
  readonly waits?: true;
  /** A complete run writes files. */
  readonly exports?: true;
  /** It writes the new files of orders: it reads no stream. */
  readonly orders?: true;
}

export interface StreamPlan {
  readonly stream: string;
  readonly mode: StreamMode;
  readonly reason: Reason;
}

export interface RunPlan {
  /** `remap`: by delta, and the stored records of a stream whose map changed are mapped again. */
  readonly mode: 'full' | 'delta' | 'remap';
  readonly reason: Reason;
  /** A due baseline that failed waits for its next try; meanwhile deltas go on. */
  readonly baselineOverdue: boolean;
  readonly streams: readonly StreamPlan[];
}

/** How one slice of `pullStream` ended. */
export type SliceResult =
  /** The walk is complete. */
  | { readonly kind: 'done' }
  /** Time is up or the worker drains: call again. */
  | { readonly kind: 'more' }
  /** The source asked for a wait longer than a slice should hold. */
  | { readonly kind: 'wait'; readonly waitMs: number }
  /** The stream failed for good, or the source asked for a longer pause than a run takes. */
  | { readonly kind: 'failed' | 'partial'; readonly error: ErrorBrief };

/** One stream of a run's report; see contract.md. Counts are of objects, once per object and run (I6). */
export interface StreamReport {
  readonly stream: string;
  readonly mode: StreamMode;
  readonly reason: Reason;
  readonly outcome: StreamOutcome;
  readonly error: ErrorBrief | null;
  readonly pages: number;
  readonly requests: number;
  readonly read: number;
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly removedBySource: number;
  readonly swept: number;
  readonly rejected: number;
  readonly excluded: number;
  readonly throttledMs: number;
  /** How often the walk was taken up again by another attempt. */
  readonly resumed: number;
}

/** What a run of mode `fulfil` wrote. */
export interface OrdersReport {
  /** New ones that it found. */
  readonly files: number;
  /** Those whose orders have not all ended: the next run takes them up. */
  readonly filesNotEnded: number;
  readonly executed: number;
  readonly errored: number;
  readonly skipped: number;
}

export interface RunReport {
  /** `NAME:N` */
  readonly run: string;
  readonly connection: string;
  readonly profile: string;
  readonly mode: Mode | null;
  readonly reason: RunReason | null;
  readonly trigger: Trigger;
  readonly scheduledAt: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly verdict: Verdict | null;
  readonly held: HeldSet;
  readonly streams: readonly StreamReport[];
  readonly assets: { readonly added: number; readonly updated: number; readonly removed: number; readonly unchanged: number };
  /** Of a run of mode `fulfil` only. */
  readonly orders?: OrdersReport;
  readonly error: ErrorBrief | null;
}

/** A run in one line: the entity's history and `runs`. */
export interface RunBrief {
  readonly run: number;
  readonly profile: string;
  readonly mode: Mode | null;
  readonly verdict: Verdict;
  readonly finishedAt: string;
  readonly error: ErrorBrief | null;
  /** The connection's pending set after the run. Absent in what earlier releases wrote. */
  readonly held?: HeldSet;
}

/** How a source throttles one application in one tenant. Times are relative to when it was read. */
export interface ThrottleState {
  /** Nothing may be sent for so long; negative: the last wait ended so long ago. */
  readonly blockedMs: number;
  /** Refusals in a row, each after the wait of the one before. */
  readonly refusals: number;
  /** How long each request is held back since the source warned, and how long ago that was. */
  readonly paceMs: number;
  readonly pacedAgoMs: number;
}

/** What is wrong, and the next step: in words, for people. */
export interface Advice {
  readonly cause: string;
  readonly fix: string;
}

/** The checks of Test Connection, in their order. */
export const checkNames = ['network', 'tls', 'credentials', 'permissions', 'data'] as const;
export type CheckName = (typeof checkNames)[number];

export interface Check {
  readonly check: CheckName;
  /** Everything after the first failure is skipped. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly ms: number;
  /** Hosts with their ports; null when nobody was asked. */
  readonly contacted: string | null;
  /** What is wrong, and the next step. Of a check that passed: what its reader should know although it passed. */
  readonly cause: string | null;
  readonly fix: string | null;
  /** Of `permissions`: the least ones that are missing, */
  readonly missing?: readonly string[];
  /** and those held beyond the least. */
  readonly excess?: readonly string[];
}

/** The answer of Test Connection. MUST NOT hold a secret, a token or text of an answer. */
export interface ConnectionTest {
  readonly connection: string;
  readonly ok: boolean;
  readonly checks: readonly Check[];
}
