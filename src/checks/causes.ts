// What Test Connection finds on the way to a source, and what to do about each. Data: `{host}` and the like are filled in by words.ts.
// What the login or Graph refuse stands with their clients: clients/aadsts.ts and clients/graphErrors.ts.
import type { Advice } from '../model.ts';

const wayOut = 'Let the worker reach {host} over HTTPS (outgoing TCP), or set HTTPS_PROXY on the worker where a proxy is the way out.';
const nameAuthority =
  'If it is your own proxy, firewall or cloud that signs with this authority, give its certificate to the worker: NODE_EXTRA_CA_CERTS, or endpoints.caFile of a custom cloud. If nobody knows it, somebody reads the traffic: do not go on.';

export const causes = {
  nameUnknown: {
    cause: 'The name {name} cannot be resolved ({reason}).',
    fix: 'Correct cloud or endpoints of the connection, or the name resolution (DNS) of the machine that the worker runs on.',
  },
  refused: {
    cause: '{host} refuses the connection: nothing listens on this port, or a firewall rejects it.',
    fix: `Check the address in cloud or endpoints. ${wayOut}`,
  },
  unreachable: { cause: 'There is no way to {host} ({reason}).', fix: wayOut },
  noConnection: { cause: '{host} does not take the connection in time: what is sent there is dropped on the way.', fix: wayOut },

  proxyNameUnknown: {
    cause: 'A proxy stands between, and its name {name} cannot be resolved ({reason}).',
    fix: 'Correct HTTPS_PROXY of the worker, or the name resolution (DNS) of its machine.',
  },
  proxyUnreachable: {
    cause: 'A proxy stands between, and {proxy} cannot be reached ({reason}).',
    fix: 'Correct HTTPS_PROXY of the worker, or start the proxy; NO_PROXY lists hosts that are reached without it.',
  },
  proxyAuthentication: {
    cause: 'The proxy {proxy} asks for authentication (407).',
    fix: 'Put user and password into HTTPS_PROXY of the worker (http://USER:PASSWORD@HOST:PORT), or let the proxy accept its machine.',
  },
  proxyForbids: {
    cause: 'The proxy {proxy} refuses the way to {host} ({status}).',
    fix: 'Allow CONNECT to {host} on the proxy, or list the host in NO_PROXY of the worker where it can be reached directly.',
  },
  proxyFails: {
    cause: 'The proxy {proxy} does not reach {host} ({status}).',
    fix: 'Check from the machine of the proxy that {host} can be reached; correct cloud or endpoints when the address is wrong.',
  },
  proxySilent: {
    cause: 'The proxy {proxy} gives no way to {host} in time.',
    fix: 'Check the proxy, and from its machine that {host} can be reached; NO_PROXY of the worker lists hosts that are reached without it.',
  },

  expired: {
    cause: 'The certificate of {host} expired on {until}.',
    fix: 'Its operator has to renew it. If the date has not come yet, correct the clock of the machine that the worker runs on.',
  },
  notYetValid: {
    cause: 'The certificate of {host} is valid from {from} only.',
    fix: 'Correct the clock of the machine that the worker runs on; if it is right, the operator of {host} has to install a valid one.',
  },
  wrongName: {
    cause: 'The certificate of {host} is for another name: {names}.',
    fix: 'Correct endpoints of the connection to a name that the certificate is for; if the address is right, another server answers in its place.',
  },
  selfSigned: {
    cause: 'The certificate of {host} is signed by itself ("{issuer}"), and the worker does not trust it.',
    fix: `Install a certificate there that an authority has signed. ${nameAuthority}`,
  },
  unknownIssuer: {
    cause: 'The certificate of {host} is issued by "{issuer}", which the worker does not trust.',
    fix: nameAuthority,
  },
  intercepted: {
    cause:
      'A proxy stands between ({proxy}), and the certificate shown for {host} is issued by "{issuer}", which the worker does not trust: the proxy opens the traffic.',
    fix: `${nameAuthority} Or let the proxy pass {host} unopened.`,
  },
  otherCertificate: {
    cause: 'The certificate of {host} is not valid ({reason}).',
    fix: 'The operator of {host} has to install a valid one.',
  },
  oldProtocol: {
    cause: '{host} speaks no TLS 1.2 or later.',
    fix: 'Its operator, or that of the proxy or firewall between, has to switch on TLS 1.2 or 1.3: older versions are not safe for a credential.',
  },
  noCipher: {
    cause: '{host} and the worker have no cipher in common.',
    fix: 'The operator of {host} has to offer a cipher of today, such as ECDHE with AES-GCM.',
  },
  noTls: {
    cause: '{host} does not speak TLS: it answers in another protocol.',
    fix: 'Check scheme and port in endpoints; on its way a firewall or portal may answer in the place of {host}.',
  },
  handshakeBroken: {
    cause: '{host} breaks off during the TLS handshake ({reason}).',
    fix: 'A firewall or proxy that inspects TLS does this: let it pass {host}; otherwise check the server.',
  },
  handshakeSilent: {
    cause: '{host} takes the connection and does not answer the TLS handshake in time.',
    fix: 'A firewall or proxy that inspects TLS does this: let it pass {host}; otherwise check port and server.',
  },

  loginSilent: {
    cause: 'The login does not answer in time.',
    fix: 'Test again. If it lasts, look at the service health page, and at what stands between the worker and {host}.',
  },
  sourceSilent: {
    cause: 'The source does not answer in time.',
    fix: 'Test again. If it lasts, look at the service health page, and at what stands between the worker and {host}.',
  },
  html: {
    cause: 'A page for people (HTML) comes in the place of an answer.',
    fix: 'A proxy, firewall or portal answers in the place of {host}: let it pass the host. Otherwise check tenantId, cloud and endpoints.',
  },
  redirect: {
    cause: 'The answer leads to another address (a redirect), which is never followed: a credential goes to the configured host only.',
    fix: 'A portal of the network may stand between: let the worker pass it. Otherwise correct cloud or endpoints.',
  },
  throttled: {
    cause: '{who} asks this application for a pause{pause}.',
    fix: 'Test again after it. Runs wait by themselves; if it happens often, other programs use the same application: give Tidemark one of its own.',
  },
  failing: {
    cause: '{who} fails ({status}).',
    fix: 'Test again in some minutes; the service health page (https://status.cloud.microsoft) says when it lasts. Runs try again by themselves.',
  },
  brokenOff: {
    cause: '{who} breaks off its answer ({reason}).',
    fix: 'Test again. If it lasts, look at what stands between the worker and {host}.',
  },
  wrongEndpoint: {
    cause: '{host} does not know the address that it is asked for ({status}).',
    fix: 'Correct cloud or endpoints of the connection; endpoints.graph ends with the version, such as /v1.0.',
  },

  noConsent: {
    cause: 'The token holds no application permission at all: no administrator has consented to any.',
    fix: 'In the app registration, under API permissions, add {missing} of Microsoft Graph as application permissions (not delegated ones), and click "Grant admin consent".',
  },
  missing: {
    cause: 'Application permissions are missing: {missing}.',
    fix: 'In the app registration, under API permissions, add {missing} of Microsoft Graph as application permissions, and click "Grant admin consent"; a green check mark shows that it is granted.',
  },
  ordersLack: {
    cause: 'Of orders these kinds will be refused, each for want of the permission named: {kinds}.',
    fix: 'For those that you send, add the permission ({missing}) of Microsoft Graph as an application permission to the application that writes, and click "Grant admin consent".',
  },
  denied: {
    cause: 'Graph refuses to let the application read {streams}, although its token holds a permission for it.',
    fix: 'If consent was given a moment ago, test again in some minutes. Otherwise check the permission under API permissions in the app registration, with a green check mark for admin consent.',
  },
  empty: {
    cause: 'The source answers, and has none of these: {streams}.',
    fix: 'Check in the Azure portal that there are any in this tenant, and that tenantId is the one meant.',
  },
} as const satisfies Readonly<Record<string, Advice>>;

export type CauseName = keyof typeof causes;
