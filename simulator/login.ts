// The sign-in service: discovery, and access tokens for client credentials, with the errors of the v2.0 endpoint.
// Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and …/reference-error-codes
import { aadsts } from './aadsts.ts';
import { isValidAssertion } from './assertion.ts';
import type { Answer } from './answer.ts';
import { signToken } from './bearer.ts';
import type { Cloud } from './cloud.ts';
import { federatedRefusal } from './federation.ts';

function tenantRefusal(cloud: Cloud, tenant: string): Answer | null {
  if (tenant === cloud.tenantId) return null;
  if (!/^[0-9a-f-]{36}$/i.test(tenant) && !tenant.includes('.')) {
    return aadsts(
      400,
      'invalid_request',
      900023,
      `Specified tenant identifier '${tenant}' is neither a valid DNS name, nor a valid external domain.`,
    );
  }
  return aadsts(400, 'invalid_request', 90002, `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID.`);
}

/** `/{tenant}/v2.0/.well-known/openid-configuration` */
export function openidConfiguration(cloud: Cloud, tenant: string): Answer {
  const refusal = tenantRefusal(cloud, tenant);
  if (refusal !== null) return refusal;
  const base = `${cloud.origin()}/${tenant}`;
  return {
    status: 200,
    headers: {},
    body: {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      jwks_uri: `${base}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      tenant_region_scope: 'EU',
      cloud_instance_name: 'localhost',
      msgraph_host: new URL(cloud.origin()).host,
    },
  };
}

/** `/common/discovery/instance` */
export function instanceDiscovery(cloud: Cloud): Answer {
  const host = new URL(cloud.origin()).host;
  return {
    status: 200,
    headers: {},
    body: {
      tenant_discovery_endpoint: `${cloud.origin()}/${cloud.tenantId}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    },
  };
}

/** `POST /{tenant}/oauth2/v2.0/token` */
export function issueToken(cloud: Cloud, tenant: string, form: URLSearchParams): Answer {
  const refusal = tenantRefusal(cloud, tenant);
  if (refusal !== null) return refusal;
  const client = form.get('client_id');
  if (form.has('resource')) {
    return aadsts(400, 'invalid_request', 901002, "The 'resource' request parameter is not supported.");
  }
  if (client === null) return aadsts(400, 'invalid_request', 900144, "The request body must contain the following parameter: 'client_id'.");
  if (form.get('grant_type') !== 'client_credentials') {
    return aadsts(400, 'unsupported_grant_type', 70003, `The app requested an unsupported grant type '${form.get('grant_type') ?? ''}'.`);
  }
  if (client !== cloud.clientId) {
    return aadsts(400, 'unauthorized_client', 700016, `Application with identifier '${client}' was not found in the directory 'Contoso'.`);
  }
  const scope = (form.get('scope') ?? '').split(' ').filter((word) => !['openid', 'profile', 'offline_access', ''].includes(word));
  const audience = audienceOf(cloud, scope);
  if (typeof audience !== 'string') return audience;
  const proof = prove(cloud, tenant, form);
  if (proof !== null) return proof;
  const lifetime = cloud.settings.tokenLifetimeS;
  return {
    status: 200,
    headers: {},
    body: { token_type: 'Bearer', expires_in: lifetime, ext_expires_in: lifetime, access_token: signToken(cloud, audience) },
  };
}

function audienceOf(cloud: Cloud, scope: readonly string[]): string | Answer {
  const only = scope[0];
  if (only === undefined) return aadsts(400, 'invalid_request', 900144, "The request body must contain the following parameter: 'scope'.");
  if (scope.length > 1) return aadsts(400, 'invalid_scope', 70011, 'The provided request must include a single resource in its scope.');
  if (!only.endsWith('/.default')) {
    return aadsts(
      400,
      'invalid_scope',
      1002012,
      `The provided value for scope ${only} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    );
  }
  const resource = only.slice(0, -'/.default'.length).replace(/\/$/, '');
  if (cloud.audiences().includes(resource)) return resource;
  return aadsts(400, 'invalid_resource', 500011, `The resource principal named ${resource} was not found in the tenant named Contoso.`);
}

function prove(cloud: Cloud, tenant: string, form: URLSearchParams): Answer | null {
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  if (secret === null && assertion === null) {
    return aadsts(
      401,
      'invalid_client',
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  }
  if (secret !== null) {
    const password = cloud.settings.passwords.find((known) => known.secret === secret);
    if (password === undefined) {
      return aadsts(
        401,
        'invalid_client',
        7000215,
        'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app.',
      );
    }
    return cloud.settings.secretExpired || Date.parse(password.endDateTime) <= cloud.now()
      ? aadsts(
          401,
          'invalid_client',
          7000222,
          'The provided client secret keys for app are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret.',
        )
      : null;
  }
  const rightType = form.get('client_assertion_type') === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const federated = rightType ? federatedRefusal(cloud, assertion ?? '') : undefined;
  if (federated !== undefined) return federated === null ? null : aadsts(401, 'invalid_client', ...federated);
  return rightType && isValidAssertion(cloud, assertion ?? '', `${cloud.origin()}/${tenant}/oauth2/v2.0/token`)
    ? null
    : aadsts(
        401,
        'invalid_client',
        700027,
        'The certificate with identifier used to sign the client assertion is not registered on application, or the assertion is not valid.',
      );
}
