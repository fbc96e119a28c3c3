// The management API on an origin of its own: who may ask, what is left of the quota, and which handler answers.
// https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
import type { Answer } from '../answer.ts';
import { claimsOf } from '../bearer.ts';
import type { Cloud, Settings } from '../cloud.ts';
import { noWindow, type QuotaWindow, secondsLeft, spend } from '../quota.ts';
import type { Sealer } from '../seal.ts';
import type { Estate } from './estate.ts';
import { AzureRefusal, throttled, unauthorized } from './refusals.ts';
import { answerResources, type Token } from './resources.ts';
import { answerSubscriptions } from './subscriptions.ts';
import type { View } from './operators.ts';

export interface Management {
  readonly estate: Estate;
  readonly settings: Readonly<Settings>;
  readonly sealer: Sealer<Token>;
  readonly origin: () => string;
  /** The positions of the subscriptions that the application may read, in rising order. */
  readonly readable: () => number[];
  /** The subscriptions under a management group, or null when there is no such group. */
  readonly groups: (name: string) => number[] | null;
  /** What a query finds, kept as long as the estate does not change. */
  view(key: string, make: () => View): View;
  /** Queries asked. */
  readonly meter: QuotaWindow;
}

export const managementAudience = 'https://management.azure.com';
/** Subscriptions under the group `mg-N` are every twelfth from N; all are under the tenant's own. */
const groupCount = 12;
const windowMs = 5_000;
const keptViews = 8;

export function createManagement(of: Pick<Management, 'estate' | 'settings' | 'sealer' | 'origin'>, tenantId: string): Management {
  const { estate, settings } = of;
  const every = estate.places.subscriptions.map((_, at) => at);
  const views = new Map<string, View>();
  return {
    ...of,
    meter: noWindow(),
    readable: () => every.slice(0, settings.readableSubscriptions ?? every.length),
    groups(name) {
      if (name.toLowerCase() === tenantId) return every;
      const number = /^mg-(\d{1,2})$/i.exec(name)?.[1];
      return number === undefined || Number(number) >= groupCount ? null : every.filter((at) => at % groupCount === Number(number));
    },
    view(key, make) {
      const name = `${estate.version()} ${key}`;
      const view = views.get(name) ?? make();
      views.delete(name);
      views.set(name, view);
      for (const old of views.keys()) if (views.size > keptViews) views.delete(old);
      return view;
    },
  };
}

export interface ManagementRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Answers one request. Refusals are answers too; only a defect throws. */
export function answerManagement(cloud: Cloud, management: Management, request: ManagementRequest, said: string[]): Answer {
  try {
    authorize(cloud, management, request.authorization);
    const parameters = new URLSearchParams(request.query);
    if (!parameters.has('api-version')) {
      throw new AzureRefusal(400, {
        code: 'MissingApiVersionParameter',
        message: 'The api-version query parameter (?api-version=) is required for all requests.',
      });
    }
    if (request.method === 'GET' && request.path === '/subscriptions') return answerSubscriptions(management, parameters);
    if (request.method === 'POST' && request.path.toLowerCase() === '/providers/microsoft.resourcegraph/resources') {
      const headers = charge(cloud, management);
      const answer = answerResources(management, request.body, said);
      return { ...answer, headers: { ...answer.headers, ...headers } };
    }
    throw new AzureRefusal(404, { code: 'InvalidResourceType', message: 'The resource type could not be found.' });
  } catch (error) {
    if (error instanceof AzureRefusal) return error.answer;
    throw error;
  }
}

function authorize(cloud: Cloud, { origin }: Management, authorization: string | undefined): void {
  if (authorization === undefined)
    throw unauthorized('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.");
  const claims = claimsOf(cloud, authorization);
  if (claims === null) throw unauthorized('ExpiredAuthenticationToken', 'The access token is expired, or is none.');
  if (claims.aud === managementAudience || claims.aud === origin()) return;
  throw unauthorized(
    'InvalidAuthenticationTokenAudience',
    `The access token has been obtained for wrong audience or resource '${claims.aud}'.`,
  );
}

/** Counts a query. Throws 429 when the window's quota is used up. */
function charge(cloud: Cloud, { settings, meter }: Management): Record<string, string> {
  const quota = settings.queryQuota;
  if (quota === null) return {};
  spend(meter, cloud.now(), windowMs);
  const headers = {
    'x-ms-user-quota-remaining': String(Math.max(quota - meter.spent, 0)),
    'x-ms-user-quota-resets-after': `00:00:${String(secondsLeft(meter, cloud.now())).padStart(2, '0')}`,
  };
  if (meter.spent <= quota) return headers;
  throw throttled(headers);
}
