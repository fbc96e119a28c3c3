// The secrets that Tidemark keeps, from the command line to the login, on a real stack: set before the first apply, used, listed, removed.
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { clientCertificate } from '../../support/clientCertificate.ts';
import { dumpOf } from '../../support/dump.ts';
import { stack } from './stack.ts';
import type { Ended } from '../tidemark.ts';

const secret = 'simulated-secret-not-for-use';
const said: Ended[] = [];

async function call(words: readonly string[], stdin = ''): Promise<Ended> {
  const ended = await stack.callWith(words, stdin);
  said.push(ended);
  return ended;
}

const read = async <T>(schema: z.ZodType<T>, words: readonly string[], stdin?: string): Promise<T> => {
  const { code, stdout, stderr } = await call([...words, '--json'], stdin);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return schema.parse(JSON.parse(stdout));
};

const refused = async (words: readonly string[], stdin?: string): Promise<{ code: string; message: string; hint: string }> => {
  const { code, stderr } = await call([...words, '--json'], stdin);
  expect(code).not.toBe(0);
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string() }) }).parse(JSON.parse(last)).error;
};

const binding = { tenant: z.string(), login: z.url(), purpose: z.enum(['clientSecret', 'clientCertificate']), keyId: z.string() };
const set = z.strictObject({ name: z.string(), ...binding, change: z.enum(['set', 'replaced']) });
const listed = z.array(z.strictObject({ name: z.string(), ...binding, setAt: z.iso.datetime(), usedBy: z.array(z.string()) }));

export function secretVerbs(): void {
  test('a secret is set before the first apply, by the file of its connection, and the worker logs in by it', async () => {
    const file = stack.write('kept', { secret: 'secret:contoso/kept' });
    expect(await read(listed, ['secret', 'list'])).toEqual([]);
    const done = await read(set, ['secret', 'set', 'contoso/kept', '-f', file], `${secret}\n`);
    expect(done).toMatchObject({ name: 'contoso/kept', purpose: 'clientSecret', change: 'set' });
    expect(statSync(path.join(stack.directory, '.tidemark', 'secret.key')).mode & 0o777).toBe(0o600);
    await call(['apply', '-f', file]);
    expect(await read(z.looseObject({ verdict: z.string() }), ['run', 'kept', '--wait'])).toMatchObject({ verdict: 'complete' });
    expect(await read(listed, ['secret', 'list'])).toMatchObject([{ name: 'contoso/kept', keyId: done.keyId, usedBy: ['kept'] }]);
  });

  test('it is not removed while it is used, unless forced; then the run says so', async () => {
    expect(await refused(['secret', 'rm', 'contoso/kept'])).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'secret:contoso/kept is used by kept.',
    });
    await read(z.strictObject({ name: z.string(), removed: z.literal(true) }), ['secret', 'rm', 'contoso/kept', '--force']);
    expect(await refused(['secret', 'rm', 'contoso/kept'])).toMatchObject({ message: 'Tidemark keeps no secret "contoso/kept".' });
    // The connection that names it says what it is for.
    await read(set, ['secret', 'set', 'contoso/kept'], secret);
  });

  test('what cannot be set is refused, and nothing is', async () => {
    const other = stack.write('other', { secret: 'env:TIDEMARK_SECRET_SIMULATOR' });
    expect(await refused(['secret', 'set', 'new'], 'x')).toMatchObject({
      hint: expect.stringContaining('secret set new -f FILE') as string,
    });
    expect(await refused(['secret', 'set', 'new', '-f', other], 'x')).toMatchObject({
      message: 'No connection of other.yaml names secret:new.',
    });
    expect(await refused(['secret', 'set', 'new', '-f', '-'], 'x')).toMatchObject({
      message: expect.stringContaining('name a file') as string,
    });
    expect(await refused(['secret', 'set', '-x'], 'x')).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await refused(['secret', 'set', 'a b'], 'x')).toMatchObject({ message: 'That is no name of a secret.' });
    for (const [value, message] of [
      ['\n', 'is empty'],
      ['', 'is empty'],
      ['x'.repeat(64 * 1024 + 1), 'larger than 64 KB'],
      ['x'.repeat(200 * 1024), 'larger than 64 KB'],
    ] as const)
      expect((await refused(['secret', 'set', 'contoso/kept'], value)).message).toContain(message);
    expect((await call(['secret', 'list', '--output', 'csv'])).stdout.split('\n')).toHaveLength(3);
  });

  test('a certificate is checked when it is set; a secret that looks like an ID is set, and said to', async () => {
    const file = stack.write('certified', { secret: 'secret:pem' });
    const text = readFileSync(path.join(stack.directory, file), 'utf8').replace('clientSecret:', 'clientCertificate:');
    writeFileSync(path.join(stack.directory, file), text);
    expect((await refused(['secret', 'set', 'pem', '-f', file], 'CANARY')).message).toContain('clientCertificate cannot be read as PEM');
    expect(await read(set, ['secret', 'set', 'pem', '-f', file], await clientCertificate(20))).toMatchObject({
      purpose: 'clientCertificate',
    });
    const id = await call(['secret', 'set', 'contoso/kept'], 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3');
    expect(id).toMatchObject({ code: 0, stderr: expect.stringContaining("looks like a secret's ID") as string });
    await read(set, ['secret', 'set', 'contoso/kept'], secret);
  });

  test('a changed connection does not take its secret along: apply says so, the run fails with the reason, and -f binds it anew', async () => {
    const file = stack.write('kept', { secret: 'secret:contoso/kept', tenantId: '00000000-0000-4000-8000-000000000000' });
    // Its test would refuse it.
    const refusal = await call(['apply', '-f', file]);
    expect([refusal.code, refusal.stderr]).toEqual([1, expect.stringContaining('it was set for the tenant')]);
    expect((await call(['apply', '--skip-test', '-f', file])).stderr).toContain('secret:contoso/kept was set as clientSecret of tenant');
    expect((await call(['run', 'kept', '--wait'])).code).toBe(4);
    expect((await call(['logs', 'kept'])).stdout).toContain('it was set for the tenant');
    expect((await call(['status', 'kept'])).stdout).toMatch(/credential secret:contoso\/kept: unreadable since .*set for the tenant/);
    // Without the file it stays bound as it was.
    const { tenant } = await read(set, ['secret', 'set', 'contoso/kept'], secret);
    expect(tenant).not.toContain('00000000');
    const bound = await read(set, ['secret', 'set', 'contoso/kept', '-f', file], secret);
    expect(bound.tenant).toBe('00000000-0000-4000-8000-000000000000');
    const back = stack.write('kept', { secret: 'secret:contoso/kept' });
    await read(set, ['secret', 'set', 'contoso/kept', '-f', back], secret);
    await call(['apply', '-f', back]);
    expect((await call(['run', 'kept', '--wait'])).code).toBe(0);
  });

  test('a lost key says so, and the values are given up before a new one is made', async () => {
    const keyFile = path.join(stack.directory, '.tidemark', 'secret.key');
    const [first] = await read(listed, ['secret', 'list']);
    renameSync(keyFile, `${keyFile}.backup`);
    const lost = await refused(['secret', 'set', 'contoso/kept'], secret);
    expect(lost).toMatchObject({
      code: 'SECRET_UNAVAILABLE',
      message: expect.stringContaining(`sealed by the key ${first!.keyId}`) as string,
    });
    expect(existsSync(keyFile)).toBe(false);
    for (const { name } of await read(listed, ['secret', 'list'])) await call(['secret', 'rm', name, '--force']);
    const anew = await read(set, ['secret', 'set', 'contoso/kept'], secret);
    expect(anew.keyId).not.toBe(first!.keyId);
    expect((await call(['run', 'kept', '--wait'])).code).toBe(0);
  });

  test('I14 no secret in logs, history, database, errors, exports: a kept secret is in none of what was said or stored', async () => {
    const { databaseUrl } = z
      .object({ databaseUrl: z.string() })
      .parse(JSON.parse(readFileSync(path.join(stack.directory, '.tidemark', 'stack.json'), 'utf8')));
    const { stdout } = await call(['logs', 'kept']);
    expect(stdout).toContain('full pull');
    const dump = await dumpOf(databaseUrl);
    expect(dump).toContain('contoso/kept');
    const words = said.map(({ stdout: out, stderr: err }) => out + err).join('');
    for (const text of [dump, words])
      for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')])
        expect(text).not.toContain(form);
  });
}
