// The value of a secret as it is typed or piped: nothing of it is echoed, and what cannot be one is refused without being repeated.
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { readSecretValue } from '../../src/cli/secretValue.ts';

const piped = (value: string | Buffer) => ({ stdin: Readable.from([Buffer.from(value)]), stderr: new PassThrough() });

test.each([
  ['CANARY-plain', 'CANARY-plain'],
  ['CANARY-newline\n', 'CANARY-newline'],
  ['CANARY-windows\r\n', 'CANARY-windows'],
  ['CANARY-1\nCANARY-2\n\n', 'CANARY-1\nCANARY-2\n'],
  [' blank ', ' blank '],
  ['\uFEFFmark', '\uFEFFmark'],
  [`${'x'.repeat(64 * 1024)}\r\n`, 'x'.repeat(64 * 1024)],
])('%j is taken', async (given, value) => {
  expect(await readSecretValue('?', piped(given))).toBe(value);
});

test.each<[string, string | Buffer, string]>([
  ['nothing', '', 'is empty'],
  ['a newline', '\n', 'is empty'],
  ['64 KB and a byte', 'CANARY'.padEnd(64 * 1024 + 1, 'x'), 'larger than 64 KB'],
  ['what is no text', Buffer.from([0x43, 0xff, 0xfe]), 'no UTF-8 text'],
])('%s is refused', async (_, given, what) => {
  const failed = readSecretValue('?', piped(given));
  await expect(failed).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(what) as string });
  await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('CANARY') as string });
});

describe('on a terminal', () => {
  function terminal() {
    const raw: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => void raw.push(on) });
    const stderr = new PassThrough();
    return { stdin, stderr, raw };
  }

  test('the question is shown and the typing is not; the terminal echoes nothing meanwhile and is left as it was', async () => {
    const { stdin, stderr, raw } = terminal();
    const value = readSecretValue('Value: ', { stdin, stderr });
    for (const key of 'CANARX') stdin.write(key);
    stdin.write('\u007f');
    stdin.write('Y-typed\r');
    expect(await value).toBe('CANARY-typed');
    expect(raw).toEqual([true, false]);
    stderr.end();
    expect(await text(stderr)).toBe('Value: \n');
  });

  test.each([
    ['Ctrl-C', 'CANARY\u0003', 'Nothing was set.'],
    ['Enter alone', '\r', 'is empty'],
    ['Ctrl-D', '\u0004', 'is empty'],
  ])('%s sets nothing', async (_, keys, what) => {
    const { stdin, stderr, raw } = terminal();
    const value = readSecretValue('Value: ', { stdin, stderr });
    stdin.write(keys);
    await expect(value).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(what) as string });
    expect(raw.at(-1)).toBe(false);
    stderr.end();
    expect(await text(stderr)).not.toContain('CANARY');
  });
});
