// Answers that stand in for the real one when a fault asks for it.
import { documentedRefusal } from './aadsts.ts';
import { Refusal, errorBody, expiredPage, syncStateNotFound } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Cloud } from './cloud.ts';
import type { ReplacingFault } from './faults.ts';
import { badQuery } from './resourceGraph/refusals.ts';

const html =
  '<!DOCTYPE html>\r\n<html><head><title>Service unavailable</title></head><body><h2>Our services aren’t available right now</h2></body></html>\r\n';

const phrases: Readonly<Record<number, string>> = {
  500: 'InternalServerError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

/** The faulty answer. `path` is that of the request, for the Location of a 410. */
export function replacedAnswer(cloud: Cloud, fault: ReplacingFault, path: string): Answer {
  switch (fault.kind) {
    case 'throttle':
      return {
        ...new Refusal(429, 'TooManyRequests', 'Too many requests.').answer,
        headers: { ...throttleHeaders(cloud, fault.retryAfter), ...fault.headers },
      };
    case 'status':
      return {
        status: fault.status,
        headers: { ...retryAfter(fault.retryAfter), ...(fault.html === true ? { 'content-type': 'text/html; charset=utf-8' } : {}) },
        body:
          fault.html === true
            ? html
            : errorBody(fault.code ?? phrases[fault.status] ?? 'UnknownError', fault.message ?? 'The request could not be handled.'),
      };
    case 'tokenDies':
      cloud.tokenGeneration += 1;
      return new Refusal(401, 'InvalidAuthenticationToken', 'Access token has expired or is not yet valid.').answer;
    case 'syncStateNotFound':
      return syncStateNotFound().answer;
    case 'resyncRequired':
      return new Refusal(410, 'resyncRequired', 'Resync required. Replace any local items with the server version.').answer;
    case 'expiredPage':
      return expiredPage().answer;
    case 'gone':
      return {
        ...new Refusal(410, 'syncStateInvalid', 'The sync state is no longer valid; start again.').answer,
        headers: { location: `${fault.origin ?? cloud.origin()}/v1.0/${path}?$deltatoken=` },
      };
    case 'redirect':
      return { status: 302, headers: { location: fault.location }, body: '' };
    case 'aadsts':
      return documentedRefusal(fault.code);
    case 'claimsChallenge':
      return claimsChallenge();
    case 'badQuery':
      return badQuery(fault.code, 'The query could not be answered.').answer;
    case 'body':
      return { status: 200, headers: {}, body: fault.text };
  }
}

/** learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation */
function claimsChallenge(): Answer {
  const claims = Buffer.from('{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}').toString('base64');
  return new Refusal(401, 'InvalidAuthenticationToken', 'Continuous access evaluation resulted in challenge.', {
    'www-authenticate': `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="${claims}"`,
  }).answer;
}

function throttleHeaders(cloud: Cloud, wait: number | string | undefined): Record<string, string> {
  return {
    ...retryAfter(wait),
    'x-ms-throttle-scope': `Tenant_Application/Read/${cloud.clientId}/${cloud.tenantId}`,
    'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
  };
}

function retryAfter(wait: number | string | undefined): Record<string, string> {
  return wait === undefined ? {} : { 'retry-after': String(wait) };
}
