// Servers on loopback that stand in the way of a connection: real sockets, each with one thing wrong.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { Worker } from 'node:worker_threads';
import * as x509 from '@peculiar/x509';
import type { ServerCertificate } from '../../simulator/certificates.ts';

export interface Place {
  readonly port: number;
  close(): Promise<void>;
}

async function listening(server: net.Server, sockets: Set<net.Socket> = new Set()): Promise<Place> {
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(server: net.Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<Place> {
  const place = await listening(net.createServer());
  await place.close();
  return { port: place.port, close: async () => undefined };
}

/** A port whose queue of connections is full, so that the system drops what comes: as behind a firewall that drops. */
export async function droppingPort(): Promise<Place> {
  // The thread listens, and then never lets its event loop take a connection.
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer();
     server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
     });`,
    { eval: true },
  );
  const [port] = await once(worker, 'message');
  const fill = Array.from({ length: 8 }, () => net.connect({ port: Number(port), host: '127.0.0.1' }).on('error', () => undefined));
  await new Promise((resolve) => setTimeout(resolve, 200));
  return {
    port: Number(port),
    async close() {
      for (const socket of fill) socket.destroy();
      await worker.terminate();
    },
  };
}

/** Takes connections and says what `speak` says, e.g. nothing. */
export const plainServer = (speak: (socket: net.Socket) => void): Promise<Place> => listening(net.createServer(speak));

export function tlsServer(certificate: Pair, options: tls.TlsOptions = {}): Promise<Place> {
  const server = tls.createServer({ cert: certificate.certificatePem, key: certificate.keyPem, ...options });
  return listening(server.on('tlsClientError', () => undefined));
}

/** A proxy for CONNECT: answers with the status, or leads every tunnel to the port; null: it says nothing. */
export function proxyServer(
  answer: { readonly status: number } | { readonly to: number } | null,
  certificate: Pair | null = null,
): Promise<Place> {
  const sockets = new Set<net.Socket>();
  const server =
    certificate === null ? createHttpServer() : createHttpsServer({ cert: certificate.certificatePem, key: certificate.keyPem });
  server.on('connect', (_, client: net.Socket) => {
    client.on('error', () => undefined);
    if (answer === null) return;
    if ('status' in answer) return void client.end(`HTTP/1.1 ${answer.status} No\r\n\r\n`);
    const source = net.connect({ port: answer.to, host: '127.0.0.1' }).on('error', () => client.destroy());
    sockets.add(source);
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    source.pipe(client).pipe(source);
  });
  return listening(server, sockets);
}

type Pair = Pick<ServerCertificate, 'certificatePem' | 'keyPem'>;

/** A certificate that only itself has signed. */
export async function selfSigned(): Promise<Pair> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  return signedByItself(algorithm, await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']), 'appliance.example');
}

/** PEM of a certificate with its RSA key, as an application logs in with. */
export async function clientPem(): Promise<string> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const { certificatePem, keyPem } = await signedByItself(algorithm, keys, 'Tidemark');
  return `${certificatePem}${keyPem}`;
}

async function signedByItself(
  signingAlgorithm: { readonly name: string; readonly hash: string },
  keys: webcrypto.CryptoKeyPair,
  name: string,
): Promise<Pair> {
  x509.cryptoProvider.set(webcrypto);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    signingAlgorithm,
    keys,
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    keyPem: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}
