// The client against a real registry, filled with images that the test makes: what its answers mean, not what we think they are.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createHttp } from '../../../src/clients/http.ts';
import { createRegistry, type ImageFacts, type NameList, type Registry } from '../../../src/clients/registry/registry.ts';
import type { RegistryCredential } from '../../../src/clients/registry/registryTokens.ts';
import { contentOf, createPusher, dockerTypes, imageOf, indexOf, ociTypes, platform, type Pusher } from '../../support/images.ts';
import { findRegistryBinary, type RegistryServer, startRegistryServer } from '../../support/registryServer.ts';
import { failureOf, type SourceServer, startSourceServer } from '../sourceServer.ts';

const found = findRegistryBinary();
const http = createHttp();
const options = { signal: new AbortController().signal, longestWaitMs: 0 };
const password = 'registry-password-not-for-use';
/** Of `reader` with the password, by bcrypt. */
const passwordFile = 'reader:$2b$05$rzgja1MK2Y3ddPiw/B6mbOG3EkFSON8oCLUQOoweRS5Kr87pZwPPi\n';

const registryOf = ({ host, origin }: RegistryServer, credential: RegistryCredential = { kind: 'anonymous' }): Registry =>
  createRegistry({ host, origin, credential, http, random: () => 0 });

afterAll(async () => {
  await http.close();
  if ('remove' in found) found.remove();
});

const why = 'missing' in found ? ` (${found.missing})` : '';
const describeReal = 'missing' in found ? describe.skip : describe;
const binary = 'binary' in found ? found.binary : '';

describeReal(`a real registry${why}`, () => {
  let server: RegistryServer;
  let registry: Registry;
  let push: Pusher;

  beforeAll(async () => {
    server = await startRegistryServer(binary);
    registry = registryOf(server);
    push = createPusher(server.origin);
  });
  afterAll(() => server.stop());

  const read = (repository: string, reference: string): Promise<ImageFacts> => registry.image({ repository, reference }, options);

  test.each([
    ['OCI', ociTypes],
    ['Docker', dockerTypes],
  ])('an image of %s: its config, its history joined to its layers, its size', async (name, types) => {
    const image = imageOf({ types });
    const repository = `shapes/${name.toLowerCase()}`;
    await push.image(repository, image, 'v1');
    const facts = await read(repository, 'v1');
    const [first, second] = image.layers;
    expect(facts).toEqual({
      digest: image.manifest.digest,
      mediaType: types.manifest,
      kind: 'image',
      sizeBytes: [image.config, ...image.layers].reduce((sum, { bytes }) => sum + bytes.length, 0),
      config: {
        os: 'linux',
        architecture: 'amd64',
        variant: null,
        created: '2026-01-02T03:04:05Z',
        history: [
          { created_by: 'RUN make one', size: first?.bytes.length, digest: first?.digest },
          { created_by: 'RUN make two, longer', size: second?.bytes.length, digest: second?.digest },
          { created_by: 'CMD ["run"]', size: null, digest: null },
        ],
      },
      children: [],
      chosen: null,
      requests: 2,
      bytes: expect.any(Number),
      throttledMs: 0,
    });
    expect(JSON.stringify(facts)).not.toContain('canary');
    expect({ ...(await read(repository, facts.digest)), bytes: 0 }).toEqual({ ...facts, bytes: 0 });
  });

  test('an index in an index: its images by platform, the one that stands for it, no attestation', async () => {
    const repository = 'shapes/index';
    const [amd, arm, windows] = ['amd64', 'arm64', 'windows'].map((name) => imageOf({ layers: [name] }));
    const attestation = imageOf({ layers: ['proof'] });
    if (amd === undefined || arm === undefined || windows === undefined) throw new Error('three images');
    for (const image of [amd, arm, windows, attestation]) await push.image(repository, image);
    const inner = indexOf([
      { of: arm.manifest, more: platform('linux', 'arm64', 'v8') },
      { of: amd.manifest, more: platform('linux', 'amd64') },
    ]);
    await push.manifest(repository, inner);
    const outer = indexOf([
      { of: windows.manifest, more: platform('windows', 'amd64') },
      {
        of: attestation.manifest,
        more: { ...platform('unknown', 'unknown'), annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
      },
      { of: inner },
    ]);
    await push.manifest(repository, outer, 'latest');
    expect(await read(repository, 'latest')).toMatchObject({
      digest: outer.digest,
      kind: 'index',
      config: null,
      children: [
        { digest: windows.manifest.digest, platform: 'windows/amd64' },
        { digest: arm.manifest.digest, platform: 'linux/arm64/v8' },
        { digest: amd.manifest.digest, platform: 'linux/amd64' },
      ],
      chosen: amd.manifest.digest,
      requests: 2,
    });
    expect(await read(repository, amd.manifest.digest)).toMatchObject({ kind: 'image', digest: amd.manifest.digest });
  });

  test('an artifact that is no image is recognised by its manifest alone', async () => {
    const chart = imageOf({ manifest: { artifactType: 'application/vnd.cncf.helm.config.v1+json' } });
    await push.image('charts/app', chart, '1.0.0');
    expect(await read('charts/app', '1.0.0')).toMatchObject({ kind: 'artifact', config: null, requests: 1 });
  });

  test('the catalog is read page by page, each name once; the tags of a repository too', async () => {
    const image = imageOf();
    for (const tag of ['v1', 'v2', 'latest']) await push.image('many/0', image, tag);
    const repositories = path.join(server.data, 'docker', 'registry', 'v2', 'repositories', 'many');
    for (let index = 1; index < 510; index += 1)
      cpSync(path.join(repositories, '0'), path.join(repositories, `${index}`), { recursive: true });
    const seen: string[] = [];
    const pages: number[] = [];
    for (let after: string | null = null; pages.length === 0 || after !== null;) {
      const page: NameList = await registry.repositories({ after }, options);
      seen.push(...page.names);
      pages.push(page.names.length);
      after = page.next;
    }
    expect(pages.length).toBe(2);
    expect(seen.filter((name) => name.startsWith('many/'))).toHaveLength(510);
    expect(new Set(seen).size).toBe(seen.length);
    const tags = await registry.tags({ repository: 'many/0', after: null }, options);
    expect({ ...tags, names: tags.names.toSorted() }).toMatchObject({ names: ['latest', 'v1', 'v2'], next: null, refused: 0, requests: 1 });
  });

  test('what is not there is named by host and path', async () => {
    const error = await failureOf(read('not/there', contentOf('', 'nothing').digest));
    expect(error).toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      details: { registry: server.host, registryCode: 'MANIFEST_UNKNOWN', requests: 1 },
    });
    expect(error.message).toContain(`GET ${server.host}/v2/not/there/manifests/sha256:`);
  });
});

describeReal(`a real registry with a password and a storage of its own${why}`, () => {
  let storage: SourceServer;
  let server: RegistryServer;
  const image = imageOf();
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-passwords-'));

  beforeAll(async () => {
    storage = await startSourceServer();
    const passwords = path.join(home, 'htpasswd');
    writeFileSync(passwords, passwordFile);
    server = await startRegistryServer(binary, {
      auth: { htpasswd: { realm: 'test', path: passwords } },
      middleware: { storage: [{ name: 'redirect', options: { baseurl: storage.origin } }] },
    });
    // As the storage of Azure does: a token that is not its own is an error, not ignored.
    storage.answer(({ url, headers }, response) => {
      if (headers.authorization !== undefined) response.writeHead(400).end('InvalidAuthenticationInfo');
      else response.end(readFileSync(path.join(server.data, new URL(url, storage.origin).pathname)));
    });
    const authorization = `Basic ${Buffer.from(`reader:${password}`).toString('base64')}`;
    await createPusher(server.origin, { authorization }).image('private/app', image, 'v1');
  });
  afterAll(async () => {
    await server.stop();
    await storage.close();
    rmSync(home, { recursive: true });
  });

  test('the password goes to the registry; its storage is asked for the config without it', async () => {
    const trusting = createHttp({ ca: storage.ca });
    const credential = { kind: 'basic', user: 'reader', password } as const;
    const registry = createRegistry({ host: server.host, origin: server.origin, credential, http: trusting });
    const facts = await registry.image({ repository: 'private/app', reference: 'v1' }, options);
    // The challenge, the manifest, the blob's address, the blob.
    expect(facts).toMatchObject({ kind: 'image', digest: image.manifest.digest, config: { os: 'linux' }, requests: 4 });
    expect(storage.seen.map(({ url }) => url)).toEqual([expect.stringContaining(image.config.digest.slice('sha256:'.length))]);
    expect(storage.seen[0]?.headers).not.toHaveProperty('authorization');
    expect(await registry.image({ repository: 'private/app', reference: facts.digest }, options)).toMatchObject({ requests: 3 });
    await trusting.close();
  });

  test('without a password it refuses, and the host and the role are named', async () => {
    const error = await failureOf(registryOf(server).image({ repository: 'private/app', reference: 'v1' }, options));
    expect(error).toMatchObject({ code: 'SOURCE_FORBIDDEN', details: { registry: server.host, role: expect.stringContaining('AcrPull') } });
    expect(error.hint).toContain(server.host);
  });
});
