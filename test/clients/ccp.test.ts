// Accounts of CyberArk's Central Credential Provider against a stub that wants a client certificate: key and id of one answer, and what is said when not.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createCertificates } from '../../simulator/certificates.ts';
import { redact } from '../../src/clients/redact.ts';
import { type Account, type CcpAccess, readAccount } from '../../src/clients/secrets/ccp.ts';
import { clientCertificate } from '../support/clientCertificate.ts';
import { type CcpStub, startCcp } from '../support/vaults.ts';
import { clientId } from './login.ts';
import { failureOf, json } from './sourceServer.ts';

const proxy = { url: null, except: null };
let dir: string;
let ccp: CcpStub;
let access: CcpAccess;

const put = (name: string, text: string): string => {
  writeFileSync(path.join(dir, name), text);
  return path.join(dir, name);
};

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'ccp-'));
  const worker = await createCertificates({ purpose: 'client', authority: 'The authority of clients' });
  const stranger = await createCertificates({ purpose: 'client', authority: 'Another authority' });
  put('worker.pem', `${worker.certificatePem}\n${worker.keyPem}`);
  put('stranger.pem', `${stranger.certificatePem}\n${stranger.keyPem}`);
  put('expired.pem', await clientCertificate(-1));
  ccp = await startCcp(worker.caPem);
  access = { url: ccp.url, appId: 'tidemark', certificateFile: path.join(dir, 'worker.pem'), caFile: put('ca.pem', ccp.ca) };
});
afterAll(async () => {
  await ccp.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  ccp.accounts.clear();
  ccp.accounts.set('cloud/contoso graph', { Content: 'CANARY-ccp&+', UserName: clientId });
  ccp.asked.length = 0;
  ccp.next.length = 0;
});

const read = (changed: Partial<CcpAccess> = {}, name = 'cloud/contoso graph'): Promise<Account> =>
  readAccount(name, { access: { ...access, ...changed }, proxy, waitsMs: [5, 5] });

test('one answer has the key and the id; the key is redacted from then on', async () => {
  await expect(read()).resolves.toEqual({ content: 'CANARY-ccp&+', userName: clientId });
  expect(ccp.asked).toEqual([{ account: 'cloud/contoso graph', appId: 'tidemark' }]);
  expect(redact('before CANARY-ccp&+ after')).toBe('before [secret] after');
});

test.each([
  ['says so beside the old pair', { Content: 'CANARY-half', UserName: clientId, PasswordChangeInProcess: 'True' }, 200],
  ['refuses meanwhile', { ErrorCode: 'APPAP282E', ErrorMsg: 'CANARY is being changed' }, 500],
])(
  'while a password is being changed and CyberArk %s it is asked again shortly; half of a rotation is not used',
  async (_what, body, status) => {
    ccp.next.push(
      (response) => json(response, body, status),
      (response) => json(response, body, status),
    );
    ccp.accounts.set('cloud/contoso graph', { Content: 'CANARY-new', UserName: clientId });
    await expect(read()).resolves.toEqual({ content: 'CANARY-new', userName: clientId });
    expect(ccp.asked).toHaveLength(3);
    // One that does not end is told, and passes.
    for (let left = 3; left > 0; left -= 1) ccp.next.push((response) => json(response, body, status));
    const error = await failureOf(read());
    expect(error).toMatchObject({ code: 'SECRET_UNAVAILABLE', details: { passing: true } });
    expect(error.message).toContain('CyberArk is changing its password just now');
  },
);

interface Trouble {
  readonly what: string;
  readonly changed?: () => Partial<CcpAccess>;
  readonly name?: string;
  readonly answer?: { readonly status: number; readonly body: unknown };
  readonly message: string;
  readonly fix: string;
  readonly passing?: true;
}

const refusing = (number: string, status = 403): NonNullable<Trouble['answer']> => ({
  status,
  body: { ErrorCode: number, ErrorMsg: 'CANARY' },
});

const troubles: readonly Trouble[] = [
  { what: 'no such object', name: 'cloud/none', message: 'finds no such object', fix: 'members of the safe' },
  { what: 'an application that is refused', answer: refusing('APPAP306E'), message: '(APPAP306E)', fix: 'TIDEMARK_CYBERARK_APP_ID' },
  { what: 'an application that is no member', answer: refusing('APPAP008E'), message: '(APPAP008E)', fix: 'a member of the safe' },
  { what: 'more than one object', answer: refusing('APPAP227E', 400), message: '(APPAP227E)', fix: 'cyberark:SAFE/OBJECT' },
  {
    what: 'a number that is not known',
    answer: refusing('APPAP999E', 400),
    message: 'answers 400 (APPAP999E)',
    fix: 'TIDEMARK_CYBERARK_URL',
  },
  { what: '403 without a number', answer: { status: 403, body: 'CANARY' }, message: 'answers 403', fix: 'TIDEMARK_CYBERARK_CERT_FILE' },
  {
    what: 'a server that fails',
    answer: { status: 503, body: 'CANARY' },
    message: 'answers 503',
    fix: 'Central Credential Provider',
    passing: true,
  },
  {
    what: 'a page for people',
    answer: { status: 200, body: '<html>CANARY' },
    message: 'answers with no account',
    fix: 'TIDEMARK_CYBERARK_URL',
  },
  {
    what: 'an answer that is too large',
    answer: { status: 200, body: 'x'.repeat(200_000) },
    message: 'answers with no account',
    fix: 'TIDEMARK_CYBERARK_URL',
  },
  {
    what: 'the certificate of somebody else',
    changed: () => ({ certificateFile: path.join(dir, 'stranger.pem') }),
    message: "as a server does that does not accept the worker's certificate",
    fix: 'TIDEMARK_CYBERARK_CERT_FILE',
    passing: true,
  },
  {
    what: 'a certificate that has expired',
    changed: () => ({ certificateFile: path.join(dir, 'expired.pem') }),
    message: 'expired on',
    fix: 'TIDEMARK_CYBERARK_CERT_FILE',
  },
  {
    what: 'a file without a certificate',
    changed: () => ({ certificateFile: put('empty.pem', '') }),
    message: 'no PEM file with a certificate and its key',
    fix: 'TIDEMARK_CYBERARK_CERT_FILE',
  },
  {
    what: 'a file that is not there',
    changed: () => ({ certificateFile: '/nowhere' }),
    message: '/nowhere cannot be read (ENOENT)',
    fix: 'TIDEMARK_CYBERARK_CERT_FILE',
  },
  { what: 'a server that nobody trusts', changed: () => ({ caFile: null }), message: 'is not trusted', fix: 'TIDEMARK_CYBERARK_CA_FILE' },
  {
    what: 'a server that is down',
    changed: () => ({ url: 'https://localhost:1/AIMWebService' }),
    message: 'cannot be reached at localhost:1 (ECONNREFUSED)',
    fix: 'TIDEMARK_CYBERARK_URL',
    passing: true,
  },
];

test.each(troubles)('$what: SECRET_UNAVAILABLE with cause and fix', async ({ changed, name, answer, message, fix, passing }) => {
  if (answer !== undefined) ccp.next.push((response) => json(response, answer.body, answer.status));
  const error = await failureOf(read(changed?.(), name));
  expect(error.code).toBe('SECRET_UNAVAILABLE');
  expect(error.message).toContain(`cyberark:${name ?? 'cloud/contoso graph'}`);
  expect(error.message).toContain(message);
  expect(error.hint).toContain(fix);
  expect(error.details['passing']).toBe(passing);
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('CANARY');
});

test('a renewed certificate of the worker is used without a restart', async () => {
  const file = put('renewed.pem', '');
  expect((await failureOf(read({ certificateFile: file }))).code).toBe('SECRET_UNAVAILABLE');
  writeFileSync(file, readFileSync(path.join(dir, 'worker.pem')));
  await expect(read({ certificateFile: file })).resolves.toMatchObject({ userName: clientId });
});
