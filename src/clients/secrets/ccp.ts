// Accounts of CyberArk's Central Credential Provider, by its web service and a client certificate. One answer has key and id: never half of a rotation.
// https://docs.cyberark.com/credential-providers/latest/en/content/ccp/calling-the-web-service-using-rest.htm
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import { certificateAndKey } from '../certificate.ts';
import { createHttp, type Http, type HttpAnswer } from '../http.ts';
import type { ProxyConfig } from '../proxy.ts';
import { rememberSecret } from '../redact.ts';
import { readConfigured } from './file.ts';
import { unavailable } from './unavailable.ts';

/** What a worker asks CyberArk with. */
export interface CcpAccess {
  /** The web service, e.g. `https://ccp.example/AIMWebService`. */
  readonly url: string;
  readonly appId: string;
  /** PEM files: the certificate with its key that the worker shows, and the authority of the server (null: the runtime's). */
  readonly certificateFile: string;
  readonly caFile: string | null;
}

/** One answer. */
export interface Account {
  readonly content: string;
  readonly userName: string;
}

interface CcpOptions {
  /** null: the worker is given none. */
  readonly access: CcpAccess | null;
  readonly proxy: ProxyConfig;
  /** Between tries while the password is being changed. */
  readonly waitsMs?: readonly number[];
}

const limits = { connectMs: 5_000, headersMs: 10_000, idleMs: 5_000, totalMs: 15_000, maxBytes: 128 * 1024 };
/** For a look whether it is there. */
const reachMs = 2_500;
const changingWaitsMs = [500, 1_500, 3_000];

const configure = 'Set TIDEMARK_CYBERARK_URL, TIDEMARK_CYBERARK_APP_ID and TIDEMARK_CYBERARK_CERT_FILE of the worker.';
const certificateFix =
  'Check TIDEMARK_CYBERARK_CERT_FILE of the worker: a PEM file with certificate and unencrypted key, in force, of an authority that the web server trusts, and listed for the application in CyberArk.';

/** What CyberArk's numbers mean: the cause and the fix. */
const numbers: Readonly<Record<string, readonly [string, string]>> = {
  APPAP004E: [
    'CyberArk finds no such object, or the application may not see it',
    "Check safe and object in the reference, and that the application and the provider's user are members of the safe with Retrieve accounts.",
  ],
  APPAP008E: ["CyberArk's vault refuses the application", 'Make the application TIDEMARK_CYBERARK_APP_ID a member of the safe.'],
  APPAP306E: [
    'CyberArk does not accept who the worker is',
    `Check TIDEMARK_CYBERARK_APP_ID, and what the application is allowed by (certificate, address). ${certificateFix}`,
  ],
  APPAP133E: ['CyberArk does not accept who the worker is', certificateFix],
  APPAP227E: ['CyberArk finds more than one object', 'Name the object exactly: cyberark:SAFE/OBJECT.'],
};

const changing: ReadonlySet<string> = new Set(['APPAP282E', 'APPAP286E']);

const account = z.object({
  Content: z.string(),
  UserName: z.string().default(''),
  PasswordChangeInProcess: z.union([z.boolean(), z.string().transform((text) => text.toLowerCase() === 'true')]).default(false),
});
const refusal = z.object({ ErrorCode: z.string().regex(/^[A-Z]{3,8}\d{3}[A-Z]$/) });

/** The account behind SAFE/OBJECT. @throws SECRET_UNAVAILABLE with the reason. */
export async function readAccount(name: string, { access, proxy, waitsMs = changingWaitsMs }: CcpOptions): Promise<Account> {
  const reference = `cyberark:${name}`;
  if (access === null) throw unavailable(reference, 'the worker has no access to CyberArk', configure);
  const [safe = '', object = ''] = name.split('/');
  const url = new URL(`${access.url.replace(/\/+$/, '')}/api/Accounts`);
  for (const [key, value] of Object.entries({ AppID: access.appId, Safe: safe, Object: object })) url.searchParams.set(key, value);
  const http = await open(reference, access, proxy);
  try {
    for (const waitMs of [...waitsMs, null]) {
      const found = await ask(reference, http, url);
      if (found !== 'changing') return found;
      if (waitMs !== null) await sleep(waitMs);
    }
  } finally {
    await http.close();
  }
  throw unavailable(
    reference,
    'CyberArk is changing its password just now',
    'Wait until the change has ended; it is asked again by itself.',
    {
      passing: true,
    },
  );
}

/** Whether the web service answers who shows the worker's certificate: no account is asked for. @throws SECRET_UNAVAILABLE with the reason. */
export async function reachCcp(access: CcpAccess, proxy: ProxyConfig): Promise<void> {
  const reference = 'cyberark:*';
  const url = new URL(access.url);
  const http = await open(reference, access, proxy, { ...limits, connectMs: reachMs, totalMs: reachMs });
  try {
    const { status } = await http.send({ method: 'GET', url, headers: {}, signal: AbortSignal.timeout(reachMs) });
    if (status >= 500) throw refused(reference, url, { status, number: undefined });
  } catch (error) {
    throw isUnavailable(error) ? error : unreached(reference, url, error);
  } finally {
    await http.close();
  }
}

const isUnavailable = (error: unknown): boolean => error instanceof TidemarkError && error.code === 'SECRET_UNAVAILABLE';

async function open(reference: string, { certificateFile, caFile }: CcpAccess, proxy: ProxyConfig, bounds = limits): Promise<Http> {
  const client = await readPem(reference, certificateFile);
  const ca = caFile === null ? null : await readPem(reference, caFile);
  const pair = certificateAndKey(client);
  if (pair === null) throw unavailable(reference, `${certificateFile} is no PEM file with a certificate and its key`, certificateFix);
  const { validToDate } = pair.certificate;
  if (validToDate.getTime() < Date.now())
    throw unavailable(reference, `the certificate in ${certificateFile} expired on ${validToDate.toISOString()}`, certificateFix);
  try {
    return createHttp({ ca, client, proxy, limits: bounds });
  } catch (error) {
    throw unavailable(reference, `${caFile ?? certificateFile} is no PEM file of certificates`, configure, { cause: error });
  }
}

const readPem = (reference: string, file: string): Promise<string> =>
  readConfigured(file, (what, unreadable) =>
    unavailable(reference, `${file} ${what}`, unreadable ? `Let the user of the worker read it. ${configure}` : configure),
  );

async function ask(reference: string, http: Http, url: URL): Promise<Account | 'changing'> {
  let answer: HttpAnswer;
  try {
    answer = await http.send({ method: 'GET', url, headers: {}, signal: AbortSignal.timeout(limits.totalMs + limits.connectMs) });
  } catch (error) {
    throw unreached(reference, url, error);
  }
  const body = jsonOf(answer.text);
  const number = refusal.safeParse(body).data?.ErrorCode;
  if (number !== undefined && changing.has(number)) return 'changing';
  if (number !== undefined || answer.status !== 200) throw refused(reference, url, { status: answer.status, number });
  const parsed = account.safeParse(body);
  if (!parsed.success) throw noAccount(reference, url);
  const { Content: content, UserName: userName, PasswordChangeInProcess: isChanging } = parsed.data;
  rememberSecret(content);
  return isChanging ? 'changing' : { content, userName };
}

function jsonOf(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return null;
  }
}

function refused(
  reference: string,
  { host }: URL,
  { status, number }: { readonly status: number; readonly number: string | undefined },
): Error {
  const known = number === undefined ? undefined : numbers[number];
  if (known !== undefined) return unavailable(reference, `${known[0]} (${number})`, known[1]);
  const what = `${host} answers ${status}${number === undefined ? '' : ` (${number})`}`;
  if (status === 401 || status === 403) return unavailable(reference, what, certificateFix);
  const passing = status === 429 || status >= 500;
  return unavailable(reference, what, passing ? 'Look at CyberArk’s Central Credential Provider.' : configure, { passing });
}

function noAccount(reference: string, { host }: URL, cause?: unknown): Error {
  const fix = "TIDEMARK_CYBERARK_URL has to be the address of CyberArk's web service, like https://ccp.example/AIMWebService.";
  return unavailable(reference, `${host} answers with no account`, fix, { cause });
}

function unreached(reference: string, url: URL, error: unknown): Error {
  const { host } = url;
  const told = error instanceof TidemarkError ? error : null;
  if (told?.code === 'LINK_REFUSED' || told?.code === 'SOURCE_SHAPE_CHANGED') return noAccount(reference, url, error);
  const reason = String(told?.details['reason'] ?? told?.details['fault'] ?? told?.code);
  if (told?.code === 'CONFIG_INVALID') {
    return unavailable(
      reference,
      `the certificate of ${host} is not trusted (${reason})`,
      'Name the PEM file of its authority in TIDEMARK_CYBERARK_CA_FILE of the worker, and check the name in TIDEMARK_CYBERARK_URL.',
      { cause: error },
    );
  }
  // With TLS 1.3 a server says no to a certificate after the handshake: often no more is seen of it than the end.
  if (told?.details['fault'] === 'reset') {
    const what = `${host} breaks off (${reason}), as a server does that does not accept the worker's certificate`;
    return unavailable(reference, what, certificateFix, { passing: true, cause: error });
  }
  return unavailable(
    reference,
    `CyberArk cannot be reached at ${host} (${reason})`,
    'Check TIDEMARK_CYBERARK_URL, the server and the network.',
    {
      passing: true,
      cause: error,
    },
  );
}
