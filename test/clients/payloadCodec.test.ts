// What the payload codec writes and reads: every key of its file, plain payloads as they are, and nothing that was changed.
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type CodecKey, readCodecKeys } from '../../src/clients/codec/keys.ts';
import { createPayloadCodec } from '../../src/clients/codec/payloadCodec.ts';

const key = (id: string, fill: number): CodecKey => ({ id, bytes: Buffer.alloc(32, fill) });
const one = key('2026-01', 1);
const two = key('2026-02', 2);
const plain: Payload = defaultPayloadConverter.toPayload({ name: 'contoso' });

async function sealed(by: CodecKey = one): Promise<Payload> {
  const [payload = {}] = await createPayloadCodec([by]).encode([plain]);
  return payload;
}

async function opened(payload: Payload, keys: readonly CodecKey[]): Promise<unknown> {
  const [read = {}] = await createPayloadCodec(keys).decode([payload]);
  return defaultPayloadConverter.fromPayload(read);
}

test('what it encrypts cannot be read, says its key, and is another text each time', async () => {
  const payload = await sealed();
  expect(Buffer.from(payload.data ?? []).toString('latin1')).not.toMatch(/contoso|json/);
  expect(Object.entries(payload.metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
    ['encoding', 'binary/encrypted'],
    ['encryption-key-id', '2026-01'],
  ]);
  expect((await sealed()).data).not.toEqual(payload.data);
  expect(await opened(payload, [one])).toEqual({ name: 'contoso' });
});

test('a new first key writes, and the former one still reads', async () => {
  const rotated = [two, one];
  expect(await opened(await sealed(one), rotated)).toEqual({ name: 'contoso' });
  const [payload = {}] = await createPayloadCodec(rotated).encode([plain]);
  expect(await opened(payload, [two])).toEqual({ name: 'contoso' });
  await expect(opened(payload, [one])).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' });
});

test('an empty value and one without data come back as they were', async () => {
  for (const payload of [defaultPayloadConverter.toPayload(undefined), { metadata: {}, data: new Uint8Array() }]) {
    const codec = createPayloadCodec([one]);
    const [back] = await codec.decode(await codec.encode([payload ?? {}]));
    expect(back).toEqual({ metadata: payload?.metadata, data: new Uint8Array() });
  }
});

test('what is plain is passed on, and without a key nothing is encrypted', async () => {
  expect(await createPayloadCodec([one]).decode([plain])).toEqual([plain]);
  expect(await createPayloadCodec([]).encode([plain])).toEqual([plain]);
});

test.each([
  ['of a key that the file lacks', (payload: Payload) => payload, [two], 'the key 2026-01, and TIDEMARK_CODEC_KEY_FILE has no such key'],
  ['where no file is named', (payload: Payload) => payload, [], 'TIDEMARK_CODEC_KEY_FILE is not set'],
  ['of another key with its id', (payload: Payload) => payload, [key('2026-01', 9)], 'it was changed, or the key was'],
  ['whose last byte was changed', changedAt(-1), [one], 'it was changed, or the key was'],
  ['whose nonce was changed', changedAt(0), [one], 'it was changed, or the key was'],
  ['cut short', (payload: Payload) => ({ ...payload, data: payload.data?.subarray(0, 5) ?? null }), [one], 'it was changed'],
])('a payload %s is refused with its cause', async (_what, change, keys: readonly CodecKey[], cause) => {
  await expect(opened(change(await sealed()), keys)).rejects.toMatchObject({
    code: 'SECRET_UNAVAILABLE',
    message: expect.stringContaining(cause),
    hint: expect.stringContaining('TIDEMARK_CODEC_KEY_FILE'),
  });
});

function changedAt(index: number): (payload: Payload) => Payload {
  return (payload) => {
    const data = Buffer.from(payload.data ?? []);
    data.writeUInt8((data.at(index) ?? 0) ^ 1, (index + data.length) % data.length);
    return { ...payload, data };
  };
}

describe('the file of the keys', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-codec-'));
  const file = path.join(folder, 'codec.keys');
  afterAll(() => rmSync(folder, { recursive: true }));
  const line = (id: string, fill: number): string => `${id}:${Buffer.alloc(32, fill).toString('base64')}`;
  const write = (text: string, mode = 0o600): void => {
    writeFileSync(file, text);
    chmodSync(file, mode);
  };

  test('has a key in each line, the first one first', async () => {
    write(`# of the workers\n${line('2026-02', 2)}\n\n${line('2026-01', 1)}\n`);
    expect(await readCodecKeys(file)).toEqual([two, one]);
  });

  test.each([
    ['without a key', '# none\n', 0o600, 'holds no key'],
    ['with a short key', 'a:AAAA', 0o600, 'no key of 32 bytes with its id in line 1'],
    ['with an id twice', `${line('a', 1)}\n${line('a', 2)}`, 0o600, 'the id a twice'],
    ['that others can read', line('a', 1), 0o640, 'can be read by others'],
  ])('%s is refused, and no key is told', async (_what, text, mode, cause) => {
    write(text, mode);
    await expect(readCodecKeys(file)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(`^TIDEMARK_CODEC_KEY_FILE: .*${cause}`),
    });
  });

  test('that is away is refused', async () =>
    await expect(readCodecKeys(path.join(folder, 'none'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('cannot be read (ENOENT)'),
    }));
});
