// Stubs of what vaults answer, on loopback over TLS: Azure Key Vault with its login, and CyberArk's web service with client certificates. Each is a few
// answers by hand, no emulator: the libraries that ask them are the real ones.
import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { createCertificates } from '../../simulator/certificates.ts';
import { login, type LoginAnswers, tenantId } from '../clients/login.ts';
import { json, portOf, startSourceServer } from '../clients/sourceServer.ts';

export interface VaultStub {
  readonly origin: string;
  readonly ca: string;
  /** By name; and `name/version`. */
  readonly secrets: Map<string, string>;
  /** What the vault answers in place of secrets; null: secrets. */
  refuse: { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } | null;
  /** What the challenge says. */
  challenge: { tenant: string; resource: string };
  loginAnswers: LoginAnswers;
  readonly asked: string[];
  logins(): number;
  close(): Promise<void>;
}

/** A vault and the login of its tenant, on one origin; its certificate is for `names`. */
export async function startVault(names: readonly string[] = ['localhost']): Promise<VaultStub> {
  const server = await startSourceServer(await createCertificates({ names }));
  const { origin } = server;
  const asked: string[] = [];
  let logins = 0;
  const stub: VaultStub = {
    origin,
    ca: server.ca,
    secrets: new Map(),
    refuse: null,
    challenge: { tenant: tenantId, resource: 'https://vault.azure.net' },
    loginAnswers: {},
    asked,
    logins: () => logins,
    close: () => server.close(),
  };
  server.answer((request, response) => {
    const answering = login(origin, stub.loginAnswers, ({ url, headers }) => {
      const [, name = '', version = ''] = /^\/secrets\/([^/?]+)\/?([^/?]*)/.exec(url) ?? [];
      asked.push(`${name}${version === '' ? '' : `/${version}`}${headers.authorization === undefined ? ' challenged' : ''}`);
      if (headers.authorization === undefined) {
        const challenge = `Bearer authorization="${origin}/${stub.challenge.tenant}", resource="${stub.challenge.resource}"`;
        return json(response, { error: { code: 'Unauthorized', message: 'CANARY' } }, 401, { 'www-authenticate': challenge });
      }
      if (stub.refuse !== null) return json(response, stub.refuse.body ?? {}, stub.refuse.status, stub.refuse.headers);
      const value = stub.secrets.get(version === '' ? name : `${name}/${version}`);
      if (value === undefined) return json(response, { error: { code: 'SecretNotFound', message: 'CANARY' } }, 404);
      return json(response, { value, id: `${origin}/secrets/${name}/0123456789abcdef0123456789abcdef`, attributes: { enabled: true } });
    });
    if (request.method === 'POST') logins += 1;
    answering(request, response);
  });
  return stub;
}

export interface CcpStub {
  readonly url: string;
  readonly ca: string;
  /** How the next requests are answered, in order; then by the accounts. */
  readonly next: ((response: ServerResponse) => void)[];
  /** By SAFE/OBJECT. */
  readonly accounts: Map<string, { readonly Content: string; readonly UserName: string; readonly PasswordChangeInProcess?: string }>;
  readonly asked: { readonly account: string; readonly appId: string | null }[];
  close(): Promise<void>;
}

/** `client`: PEM of the certificate that clients have to show. */
export async function startCcp(client: string): Promise<CcpStub> {
  const { caPem, certificatePem, keyPem } = await createCertificates();
  const stub: Omit<CcpStub, 'url' | 'close'> = { ca: caPem, next: [], accounts: new Map(), asked: [] };
  const server = createServer(
    { cert: certificatePem, key: keyPem, ca: client, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const url = new URL(request.url ?? '', 'https://localhost');
      const name = `${url.searchParams.get('Safe') ?? ''}/${url.searchParams.get('Object') ?? ''}`;
      stub.asked.push({ account: name, appId: url.searchParams.get('AppID') });
      if (!(request.socket as TLSSocket).authorized || url.pathname !== '/AIMWebService/api/Accounts') return json(response, {}, 403);
      const answer = stub.next.shift();
      if (answer !== undefined) return answer(response);
      const account = stub.accounts.get(name);
      if (account !== undefined) return json(response, { Safe: 'safe', Name: name, PasswordChangeInProcess: 'False', ...account });
      return json(response, { ErrorCode: 'APPAP004E', ErrorMsg: 'Password object matching query was not found CANARY' }, 404);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...stub,
    url: `https://localhost:${portOf(server)}/AIMWebService`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
