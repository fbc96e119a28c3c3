// The images that a pull client must survive, and the answers that no registry should give: each by name, on a real TLS server.
import { gzipSync } from 'node:zlib';
import { createHttp, type Http } from '../../../src/clients/http.ts';
import { createRegistry, type ImageFacts, type Registry } from '../../../src/clients/registry/registry.ts';
import type { RegistryCredential } from '../../../src/clients/registry/registryTokens.ts';
import type { TidemarkError } from '../../../src/errors.ts';
import { type Content, contentOf, dockerTypes, type Image, imageOf, indexOf, ociTypes, platform } from '../../support/images.ts';
import { failureOf, type Handler, json, type SourceServer, startSourceServer } from '../sourceServer.ts';

const limits = { connectMs: 2000, headersMs: 2000, idleMs: 2000, totalMs: 10_000 };
const options = { signal: new AbortController().signal, longestWaitMs: 0 };
const never = {
  kind: 'entra',
  tenantId: 'tenant',
  token: { token: () => Promise.reject(new Error('no token may be asked for')) },
} as const;

let server: SourceServer;
let storage: SourceServer;
let http: Http;

beforeAll(async () => {
  [server, storage] = await Promise.all([startSourceServer(), startSourceServer()]);
  http = createHttp({ ca: `${server.ca}${storage.ca}`, limits });
});
afterAll(async () => {
  await http.close();
  await Promise.all([server.close(), storage.close()]);
});

const registryOf = (credential: RegistryCredential = { kind: 'anonymous' }): Registry =>
  createRegistry({ host: new URL(server.origin).host, credential, http, random: () => 0 });

/** A registry of these contents, by digest and by name; `special` answers first. */
function serve(contents: readonly Content[], names: Readonly<Record<string, Content>> = {}, special: Handler = () => undefined): void {
  const known = new Map([...contents.map((content) => [content.digest, content] as const), ...Object.entries(names)]);
  server.answer((request, response) => {
    special(request, response);
    if (response.headersSent || response.destroyed) return;
    const content = known.get(decodeURIComponent(request.url.split('/').at(-1) ?? ''));
    if (content === undefined) return json(response, { errors: [{ code: 'MANIFEST_UNKNOWN' }] }, 404);
    response.writeHead(200, { 'content-type': content.mediaType }).end(content.bytes);
  });
}

const partsOf = ({ manifest, config, layers }: Image): Content[] => [manifest, config, ...layers];
const read = (reference: string, registry = registryOf()): Promise<ImageFacts> => registry.image({ repository: 'app', reference }, options);
const requestsOf = (prefix: string): string[] => server.seen.map(({ url }) => url).filter((url) => url.includes(prefix));

describe('odd, and read all the same', () => {
  test('no layers', async () => {
    const image = imageOf({ layers: [], history: [{ created_by: 'LABEL a=b', empty_layer: true }] });
    serve(partsOf(image));
    expect(await read(image.manifest.digest)).toMatchObject({
      kind: 'image',
      sizeBytes: image.config.bytes.length,
      config: { history: [{ created_by: 'LABEL a=b', size: null, digest: null }] },
    });
  });

  test('an empty blob as layer', async () => {
    const image = imageOf({ layers: [''] });
    serve(partsOf(image));
    expect((await read(image.manifest.digest)).config?.history[0]).toEqual({
      created_by: 'RUN make ',
      size: 0,
      digest: contentOf('', '').digest,
    });
  });

  test('digests of sha512', async () => {
    const image = imageOf({ hash: 'sha512' });
    serve(partsOf(image));
    expect(await read(image.manifest.digest)).toMatchObject({ kind: 'image', digest: image.manifest.digest, config: { os: 'linux' } });
  });

  test('a sparse index: what it names need not be there', async () => {
    const [here, absent, inner] = [imageOf({ layers: ['a'] }), imageOf({ layers: ['b'] }), contentOf(ociTypes.index, { manifests: [] })];
    const index = indexOf([
      { of: absent.manifest, more: platform('linux', 'amd64') },
      { of: inner },
      { of: here.manifest, more: platform('linux', 'arm64') },
    ]);
    serve([index, ...partsOf(here)]);
    expect(await read(index.digest)).toMatchObject({
      kind: 'index',
      children: [{ digest: absent.manifest.digest }, { digest: here.manifest.digest, platform: 'linux/arm64' }],
      chosen: absent.manifest.digest,
      requests: 2,
    });
  });

  test('an index without platforms: its first image stands for it', async () => {
    const image = imageOf();
    const index = indexOf([{ of: image.manifest }]);
    serve([index]);
    expect(await read(index.digest)).toMatchObject({
      children: [{ digest: image.manifest.digest, platform: null }],
      chosen: image.manifest.digest,
    });
  });

  test('a nondistributable layer', async () => {
    const layer = { ...contentOf('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'windows') };
    const entry = { mediaType: layer.mediaType, digest: layer.digest, size: 7, urls: ['https://169.254.169.254/layer'] };
    const image = imageOf({ layers: ['windows'], manifest: { layers: [entry] } });
    serve(partsOf(image));
    expect((await read(image.manifest.digest)).config?.history[0]).toMatchObject({ digest: layer.digest, size: 7 });
    expect(server.seen).toHaveLength(2);
  });

  test('a subject: an image that refers to another one is an image', async () => {
    const subject = { mediaType: ociTypes.manifest, digest: contentOf('', 'other').digest, size: 5 };
    const image = imageOf({ manifest: { subject } });
    serve(partsOf(image));
    expect(await read(image.manifest.digest)).toMatchObject({ kind: 'image', children: [] });
  });

  test('a data field: the config is fetched and verified even so', async () => {
    const plain = imageOf();
    const data = Buffer.from('{"os":"forged"}').toString('base64');
    const config = { mediaType: ociTypes.config, digest: plain.config.digest, size: plain.config.bytes.length, data };
    const image = imageOf({ manifest: { config } });
    serve([...partsOf(image), plain.config]);
    expect((await read(image.manifest.digest)).config?.os).toBe('linux');
  });

  test('custom fields, and facts of the wrong kind', async () => {
    const image = imageOf({
      config: { os: 7, created: null, variant: 'v8', 'com.example': {} },
      manifest: { 'com.example': [1], annotations: 5 },
    });
    serve(partsOf(image));
    expect((await read(image.manifest.digest)).config).toMatchObject({ os: null, created: null, variant: 'v8', architecture: 'amd64' });
  });

  test('more steps than layers: the layers stand alone, nothing is guessed', async () => {
    const image = imageOf({ history: [{ created_by: 'only step' }] });
    serve(partsOf(image));
    expect((await read(image.manifest.digest)).config?.history).toEqual(
      image.layers.map(({ digest, bytes }) => ({ created_by: null, digest, size: bytes.length })),
    );
  });

  test.each<[string, Content]>([
    ['an artifact by its type', imageOf({ manifest: { artifactType: 'application/vnd.example' } }).manifest],
    [
      'an empty config',
      imageOf({
        manifest: { config: { ...contentOf('', '{}'), bytes: undefined, mediaType: 'application/vnd.oci.empty.v1+json', size: 2 } },
      }).manifest,
    ],
    [
      'layers that are none',
      imageOf({ manifest: { layers: [{ mediaType: 'application/vnd.in-toto+json', digest: contentOf('', 'x').digest, size: 1 }] } })
        .manifest,
    ],
    ['an unknown media type', contentOf('application/vnd.example.thing', { mediaType: 'application/vnd.example.thing' })],
  ])('no image but an artifact: %s', async (_, manifest) => {
    serve([manifest]);
    expect(await read(manifest.digest)).toMatchObject({ kind: 'artifact', config: null, requests: 1 });
  });

  test('schema 1 is recognised, also when its digest leaves the signature out', async () => {
    const signed = contentOf('application/vnd.docker.distribution.manifest.v1+prettyjws', {
      schemaVersion: 1,
      name: 'app',
      signatures: [],
    });
    const digest = contentOf('', 'the same without signatures').digest;
    serve([], { [digest]: signed });
    expect(await read(digest)).toMatchObject({ kind: 'schema1', digest, config: null, requests: 1 });
  });

  test('a media type that only the answer tells, or nobody', async () => {
    const image = imageOf({ manifest: { mediaType: undefined } });
    serve([image.config], { [image.manifest.digest]: image.manifest, bare: { ...image.manifest, mediaType: 'application/json' } });
    expect(await read(image.manifest.digest)).toMatchObject({ kind: 'image', mediaType: ociTypes.manifest });
    expect(await read('bare')).toMatchObject({ kind: 'image', digest: image.manifest.digest });
  });
});

const plain = imageOf();
const lying = (size: number): Content =>
  imageOf({ manifest: { config: { mediaType: ociTypes.config, digest: plain.config.digest, size } } }).manifest;
const both = contentOf(ociTypes.manifest, { ...(JSON.parse(plain.manifest.bytes.toString()) as object), manifests: [] });
const pointing = (digest: string, size = 2): Content =>
  contentOf(ociTypes.manifest, { config: { mediaType: ociTypes.config, digest, size }, layers: [] });
const broken = contentOf(ociTypes.config, '{"os":"linux"');

test.each<[string, Content, readonly Content[], Readonly<Record<string, Content>>, string]>([
  [
    'a manifest of another digest',
    plain.manifest,
    [],
    { [plain.manifest.digest]: imageOf({ layers: ['x'] }).manifest },
    'its content is not that of its digest',
  ],
  [
    'a config of another digest',
    plain.manifest,
    [plain.manifest],
    { [plain.config.digest]: contentOf('', Buffer.alloc(plain.config.bytes.length)) },
    'its content is not that of its digest',
  ],
  ['a config larger than its manifest says', lying(10), [lying(10), plain.config], {}, 'larger than 10 bytes'],
  [
    'a config smaller than its manifest says',
    lying(100_000),
    [lying(100_000), plain.config],
    {},
    'its size is not the one that its manifest says',
  ],
  ['a config of 100 MB, as its manifest says', lying(100_000_000), [lying(100_000_000)], {}, 'its size is said to be 100000000 bytes'],
  ['a negative size', lying(-1), [lying(-1)], {}, 'config.size is not as the format says'],
  [
    'a manifest that is no JSON',
    contentOf(ociTypes.manifest, '{"schemaVersion":2,'),
    [contentOf(ociTypes.manifest, '{"schemaVersion":2,')],
    {},
    'it is no JSON',
  ],
  ['a manifest that is an array', contentOf(ociTypes.manifest, '[]'), [contentOf(ociTypes.manifest, '[]')], {}, 'it is no JSON object'],
  ['an image that is an index too', both, [both], {}, 'it is both an image and an index'],
  ['a digest that is a path', pointing('../../../secrets'), [pointing('../../../secrets')], {}, 'config.digest is not as the format says'],
  [
    'a digest of an unknown hash',
    pointing(`md5:${'0'.repeat(32)}`),
    [pointing(`md5:${'0'.repeat(32)}`)],
    {},
    'config.digest is not as the format says',
  ],
  [
    'a config that is no JSON',
    pointing(broken.digest, broken.bytes.length),
    [pointing(broken.digest, broken.bytes.length), broken],
    {},
    'it is no JSON',
  ],
])('refused: %s', async (_, manifest, contents, names, why) => {
  serve(contents, names);
  const error = await failureOf(read(manifest.digest));
  expect(error).toMatchObject({ code: 'SOURCE_SHAPE_CHANGED' });
  expect(error.message).toContain(why);
});

test('a config of 100 MB by its bytes alone: reading stops at what its manifest said', async () => {
  let sent = 0;
  serve([plain.manifest], {}, ({ url }, response) => {
    if (!url.includes('/blobs/')) return;
    response.writeHead(200);
    const more = (): void => {
      while (sent < 100_000_000 && !response.destroyed) {
        sent += 65_536;
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more);
      }
    };
    more();
  });
  expect((await failureOf(read(plain.manifest.digest))).message).toContain(`larger than ${plain.config.bytes.length} bytes`);
  expect(sent).toBeLessThan(10_000_000);
});

test.each([
  ['manifest', plain.manifest.digest, '/manifests/', 4 * 1024 * 1024],
  ['config', plain.manifest.digest, '/blobs/', plain.config.bytes.length],
])('a gzip bomb as %s: it is not unpacked beyond its bound', async (_, digest, path, bound) => {
  const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
  serve([plain.manifest], {}, ({ url }, response) => {
    if (url.includes(path)) response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': ociTypes.manifest }).end(bomb);
  });
  expect((await failureOf(read(digest))).message).toContain(`larger than ${bound} bytes`);
});

test.each<[string, (response: Parameters<Handler>[1]) => void]>([
  [
    'a body shorter than its length',
    (response) => void response.writeHead(200, { 'content-length': '5000' }).write('{', () => response.destroy()),
  ],
  ['a chunked body that is cut', (response) => void response.writeHead(200).write('{', () => response.destroy())],
])('truncated: %s is asked again twice, then the source is away', async (_, cut) => {
  serve([], {}, (_request, response) => cut(response));
  expect(await failureOf(read(plain.manifest.digest))).toMatchObject({ code: 'SOURCE_UNAVAILABLE', details: { requests: 3 } });
});

test('a manifest loop: indexes that name each other are bounded in depth, and none is read twice', async () => {
  const digests = Array.from({ length: 9 }, (_, index) => contentOf('', `loop ${index}`).digest);
  const chained = [...Array(8).keys()].reduceRight<Content[]>(
    (inner, index) => [indexOf([{ of: inner[0] ?? contentOf(ociTypes.index, { manifests: [], index }) }]), ...inner],
    [],
  );
  serve(chained);
  expect((await failureOf(read(chained[0]?.digest ?? ''))).message).toContain('nested deeper than 3');
  expect(server.seen).toHaveLength(4);
  // A registry that answers whatever is asked with an index of itself: the content is not that of its digest.
  const own = contentOf(ociTypes.index, {
    manifests: digests.slice(0, 2).map((digest) => ({ mediaType: ociTypes.index, digest, size: 1 })),
  });
  serve([], { latest: own, ...Object.fromEntries(digests.map((digest) => [digest, own])) });
  expect((await failureOf(read('latest'))).message).toContain('its content is not that of its digest');
  expect(server.seen).toHaveLength(2);
  // The same index named many times is read once.
  const inner = indexOf([{ of: plain.manifest }]);
  const many = indexOf(Array<{ of: Content }>(50).fill({ of: inner }));
  serve([inner], { latest: many });
  expect(await read('latest')).toMatchObject({ children: [{ digest: plain.manifest.digest }], requests: 2 });
});

const challenged =
  (realm: string): Handler =>
  (_, response) =>
    json(response, { errors: [{ code: 'UNAUTHORIZED' }] }, 401, {
      'www-authenticate': `Bearer realm="${realm}",service="s",scope="repository:app:pull"`,
    });

test.each([
  'http://169.254.169.254/metadata/identity/oauth2/token',
  'https://169.254.169.254/metadata/identity/oauth2/token',
  'https://login.evil.example/oauth2/token',
  'https://localhost/oauth2/token',
])('a realm at %s gets no token, and none is even asked for', async (realm) => {
  server.answer(challenged(realm));
  const error = await failureOf(read('latest', registryOf(never)));
  expect(error).toMatchObject({ code: 'LINK_REFUSED', details: { registry: new URL(server.origin).host } });
  expect(server.seen).toHaveLength(1);
});

test('a Basic challenge gets no token of ours', async () => {
  server.answer((_, response) => json(response, {}, 401, { 'www-authenticate': 'Basic realm="give it to me"' }));
  expect(await failureOf(read('latest', registryOf(never)))).toMatchObject({ code: 'SOURCE_FORBIDDEN' });
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test.each([
  'https://evil.example/v2/_catalog?last=a',
  '//evil.example/v2/_catalog?last=a',
  'http://localhost/v2/_catalog?last=a',
  '/v2/other/tags/list?last=a',
  '/v2/_catalog/../../oauth2/token?x',
])('a next page at %s is not asked', async (link) => {
  server.answer((_, response) => json(response, { repositories: ['a'] }, 200, { link: `<${link}>; rel="next"` }));
  expect(await failureOf(registryOf().repositories({ after: null }, options))).toMatchObject({ code: 'LINK_REFUSED' });
  expect(server.seen).toHaveLength(1);
});

test('a next page that is the page itself ends the list', async () => {
  server.answer(({ url }, response) => json(response, { repositories: ['a'] }, 200, { link: `<${url}>; rel="next"` }));
  expect((await failureOf(registryOf().repositories({ after: null }, options))).message).toContain('its next page is itself');
});

test('names in a list that none can have are counted, not used', async () => {
  server.answer((_, response) => json(response, { repositories: ['a/b', '../x', 'A', 'c?d', ''] }));
  expect(await registryOf().repositories({ after: null }, options)).toMatchObject({ names: ['a/b'], refused: 4, next: null });
});

test.each([
  ['repository', { repository: '../v2', reference: 'latest' }],
  ['repository', { repository: 'app?x', reference: 'latest' }],
  ['tag or digest', { repository: 'app', reference: '../blobs' }],
  ['tag or digest', { repository: 'app', reference: 'sha256:short' }],
])('no request is built of what is no name of a %s', async (what, of) => {
  server.answer((_, response) => response.end());
  const error: TidemarkError = await failureOf(registryOf().image(of, options));
  expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
  expect(error.message).toContain(what);
  expect(server.seen).toHaveLength(0);
});

describe('a blob that lies in storage of another origin', () => {
  const tokens = { kind: 'entra', tenantId: 'tenant', token: { token: () => Promise.resolve('microsoft-token') } } as const;
  /** A registry with tokens whose blobs are elsewhere. */
  const serveRedirecting = (location: (digest: string) => string, status = 307): void =>
    serve([plain.manifest], {}, (request, response) => {
      const { url, headers } = request;
      if (url === '/oauth2/exchange') return json(response, { refresh_token: 'refresh-token' });
      if (url === '/oauth2/token') return json(response, { access_token: 'access-token', expires_in: 3600 });
      if (headers.authorization !== 'Bearer access-token') return challenged(`${server.origin}/oauth2/token`)(request, response);
      if (url.includes('/blobs/')) response.writeHead(status, { location: location(url.split('/').at(-1) ?? '') }).end();
    });

  test('is fetched from there without Authorization, as the storage insists', async () => {
    serveRedirecting((digest) => `${storage.origin}/store/${digest}?sig=CANARY-signature`);
    storage.answer(({ headers }, response) =>
      headers.authorization === undefined ? response.end(plain.config.bytes) : response.writeHead(400).end(),
    );
    expect(await read(plain.manifest.digest, registryOf(tokens))).toMatchObject({ kind: 'image', config: { os: 'linux' }, requests: 6 });
    expect(storage.seen).toHaveLength(1);
    expect(storage.seen[0]?.headers).not.toHaveProperty('authorization');
    // The identity's token went to the exchange only, and the scope is what is needed, not what the challenge says.
    expect(server.seen.filter(({ body }) => body.includes('microsoft-token')).map(({ url }) => url)).toEqual(['/oauth2/exchange']);
    expect(new URLSearchParams(server.seen.find(({ url }) => url === '/oauth2/token')?.body).get('scope')).toBe('repository:app:pull');
  });

  test.each([
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.7/blob',
    'https://[fd00::1]/blob',
    'https://2852039166/blob',
    'http://store.example/blob',
    'https://user:word@store.example/blob',
    'file:///etc/passwd',
    'ftp://store.example/blob',
    '',
  ])('is not fetched from %s', async (location) => {
    serveRedirecting(() => location);
    const error = await failureOf(read(plain.manifest.digest, registryOf(tokens)));
    expect(error).toMatchObject({ code: 'LINK_REFUSED' });
    expect(error.message).not.toContain('user');
    expect(requestsOf('/blobs/')).toHaveLength(1);
  });

  test('a second redirect is not followed', async () => {
    serveRedirecting((digest) => `${storage.origin}/${digest}`);
    storage.answer((_, response) => response.writeHead(307, { location: `${storage.origin}/again` }).end());
    expect(await failureOf(read(plain.manifest.digest, registryOf(tokens)))).toMatchObject({ code: 'LINK_REFUSED' });
    expect(storage.seen).toHaveLength(1);
  });

  test('an address whose signature has ended is asked for anew, and never said', async () => {
    serveRedirecting((digest) => `${storage.origin}/${digest}?sig=CANARY-signature`);
    storage.answer((_, response) => response.writeHead(403).end());
    const error = await failureOf(read(plain.manifest.digest, registryOf(tokens)));
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(storage.seen).toHaveLength(3);
    expect(JSON.stringify([error.message, error.details])).not.toContain('CANARY');
  });
});

test('a manifest is never looked for elsewhere', async () => {
  server.answer((_, response) => response.writeHead(307, { location: `${storage.origin}/manifest` }).end());
  expect(await failureOf(read('latest'))).toMatchObject({ code: 'LINK_REFUSED' });
});

test("Docker's token server: asked by GET, without credentials, for the scope alone", async () => {
  const image = imageOf({ types: dockerTypes });
  serve(partsOf(image), {}, (request, response) => {
    if (request.url.startsWith('/token')) return json(response, { token: 'opaque' });
    if (request.headers.authorization !== 'Bearer opaque') challenged(`${server.origin}/token?account=x`)(request, response);
  });
  expect(await read(image.manifest.digest)).toMatchObject({ kind: 'image', requests: 4 });
  expect(requestsOf('/token')).toEqual(['/token?account=x&service=s&scope=repository%3Aapp%3Apull']);
  expect(server.seen.find(({ url }) => url.startsWith('/token'))?.headers).not.toHaveProperty('authorization');
});

describe('images of several repositories, read at the same time', () => {
  const images = ['a', 'b', 'c'].map((layer) => imageOf({ layers: [layer] }));
  const readAll = (registry: Registry): Promise<ImageFacts[]> =>
    Promise.all(
      ['app', 'app', 'db'].map((repository, index) =>
        registry.image({ repository, reference: images[index]?.manifest.digest ?? '' }, options),
      ),
    );

  test.each<[string, (repository: string) => string, readonly string[]]>([
    ['one challenge, and one token a repository', (repository) => repository, ['app', 'db']],
    ['nothing where no token is wanted', () => '', []],
  ])('%s', async (_, tokenFor, tokens) => {
    serve(images.flatMap(partsOf), {}, (request, response) => {
      const { url, headers } = request;
      const scope = /repository%3A(\w+)%3Apull/.exec(url)?.[1];
      if (scope !== undefined) return json(response, { token: scope });
      const wanted = tokenFor(url.split('/')[2] ?? '');
      if (wanted !== '' && headers.authorization !== `Bearer ${wanted}`) challenged(`${server.origin}/token`)(request, response);
    });
    const registry = registryOf();
    const facts = await readAll(registry);
    expect(facts.map(({ digest }) => digest)).toEqual(images.map(({ manifest }) => manifest.digest));
    expect(requestsOf('/token').map((url) => /repository%3A(\w+)%3Apull/.exec(url)?.[1])).toEqual(tokens);
    // A manifest and a config each, and the one challenge.
    const challenges = tokens.length === 0 ? 0 : 1;
    expect(requestsOf('/v2/')).toHaveLength(2 * images.length + challenges);
    expect(facts.reduce((sum, { requests }) => sum + requests, 0)).toBe(server.seen.length);
    server.seen.length = 0;
    await readAll(registry);
    expect(server.seen).toHaveLength(2 * images.length);
  });

  test('a token that died is renewed, once for all who used it', async () => {
    let issued = 0;
    serve(images.flatMap(partsOf), {}, (request, response) => {
      const { url, headers } = request;
      if (url.startsWith('/token')) return json(response, { token: String((issued += 1)) });
      if (headers.authorization !== `Bearer ${issued}`) challenged(`${server.origin}/token`)(request, response);
    });
    const registry = registryOf();
    const image = images[0]?.manifest.digest ?? '';
    await read(image, registry);
    expect(issued).toBe(1);
    issued += 1;
    server.seen.length = 0;
    await Promise.all([read(image, registry), read(image, registry)]);
    expect(requestsOf('/token')).toHaveLength(1);
    expect(requestsOf('/manifests/')).toHaveLength(4);
  });

  test('an answer that only says to come later tells nothing: the next is asked alone too', async () => {
    let [answered, challenges] = [0, 0];
    serve(images.flatMap(partsOf), {}, (request, response) => {
      if (request.url.startsWith('/token')) return json(response, { token: 'right' });
      if ((answered += 1) === 1) return void response.writeHead(502).end();
      if (request.headers.authorization === 'Bearer right') return;
      challenges += 1;
      challenged(`${server.origin}/token`)(request, response);
    });
    await readAll(registryOf());
    expect(challenges).toBe(1);
  });
});
