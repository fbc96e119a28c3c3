// Kept secrets: sealed for one name and one use by one key. What was moved, changed or sealed by another key opens nothing, and says why.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openKept } from '../../../src/clients/secrets/kept.ts';
import { createKey, readKey } from '../../../src/clients/secrets/keyFile.ts';
import { keyOf, seal, type SecretKey } from '../../../src/clients/secrets/seal.ts';
import type { TidemarkError } from '../../../src/errors.ts';
import type { SecretBinding } from '../../../src/model.ts';
import { getSecret, listSecrets, putSecret, removeSecret } from '../../../src/store/secret.ts';
import type { StartedStore } from '../../support/stores.ts';

const binding: SecretBinding = { tenant: 't-1', login: 'https://login.example', purpose: 'clientSecret' };
const canary = 'CANARY~kept "secret" ü\n\0';

export function secretsContract(store: () => StartedStore): void {
  let home: string;
  let keyFile: string;
  let key: SecretKey;
  beforeEach(async () => {
    home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-key-'));
    keyFile = path.join(home, 'nested', 'secret.key');
    key = await createKey(keyFile);
    await store().database.query('delete from secret');
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const put = (name: string, value = canary, to: SecretBinding = binding, by = key) =>
    putSecret(store().database, seal(value, name, to, by), 'ana@host');
  const open = (name: string, to: SecretBinding = binding): Promise<string> =>
    openKept(name, to, { keyFile, find: (wanted) => getSecret(store().database, wanted) });
  const refusal = async (name: string, to: SecretBinding = binding): Promise<TidemarkError> => {
    const error: unknown = await open(name, to).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SECRET_UNAVAILABLE', message: expect.stringContaining(`secret:${name}`) as string });
    expect(JSON.stringify(error)).not.toContain('CANARY');
    return error as TidemarkError;
  };

  test('a value comes back as it was set, and anew when it is set again', async () => {
    expect(await put('contoso')).toEqual({ change: 'set' });
    expect(await open('contoso')).toBe(canary);
    expect(await put('contoso', 'another')).toEqual({ change: 'replaced' });
    expect(await open('contoso')).toBe('another');
    expect(await listSecrets(store().database)).toMatchObject([{ name: 'contoso', ...binding, keyId: key.id }]);
  });

  test('each sealing has a nonce of its own', async () => {
    const nonces = new Set(Array.from({ length: 1000 }, () => seal('same', 'same', binding, key).nonce));
    expect(nonces.size).toBe(1000);
    const nonce = Buffer.from([...nonces][0]!, 'base64');
    expect(nonce).toHaveLength(12);
    await put('one');
    await store().database.query(`insert into secret (name, tenant, login, purpose, key_id, nonce, sealed)
      select 'other', tenant, login, purpose, 'another key', nonce, sealed from secret`);
    const twice = store().database.query(`update secret set key_id = $1`, [key.id]);
    await expect(twice).rejects.toBeDefined();
  });

  test.each<[string, Partial<SecretBinding>, string]>([
    ['another tenant', { tenant: 't-2' }, 'set for the tenant t-1, and is asked for by the tenant t-2'],
    ['another login', { login: 'https://login.evil.example' }, 'set for the login https://login.example'],
    ['another purpose', { purpose: 'clientCertificate' }, 'set for the purpose clientSecret'],
  ])('it does not open for %s, and a changed row does not help', async (_, other, said) => {
    await put('contoso');
    const asked = { ...binding, ...other };
    expect((await refusal('contoso', asked)).message).toContain(said);
    const { tenant, login, purpose } = asked;
    await store().database.query('update secret set tenant = $1, login = $2, purpose = $3', [tenant, login, purpose]);
    expect((await refusal('contoso', asked)).message).toContain('changed in the database');
    expect((await refusal('contoso')).message).toContain('is asked for by');
  });

  test('a row under another name, and two rows exchanged, open nothing', async () => {
    await put('one', 'CANARY-1');
    await put('two', 'CANARY-2');
    const { database } = store();
    await database.query(`update secret set name = case name when 'one' then 'x' else 'one' end`);
    await database.query(`update secret set name = 'two' where name = 'x'`);
    for (const name of ['one', 'two']) expect((await refusal(name)).message).toContain('changed in the database');
  });

  test.each(['nonce', 'sealed'])('a changed %s opens nothing: first byte, last byte, cut, empty', async (column) => {
    const { database } = store();
    for (const changed of [
      `set_byte(${column}, 0, get_byte(${column}, 0) # 1)`,
      `set_byte(${column}, length(${column}) - 1, get_byte(${column}, length(${column}) - 1) # 128)`,
      `substring(${column} from 2)`,
      `''::bytea`,
    ]) {
      await put('contoso');
      await database.query(`update secret set ${column} = ${changed}`);
      expect((await refusal('contoso')).message).toContain('changed in the database');
    }
  });

  test('a name that is not kept says how it is set', async () => {
    expect((await refusal('nobody')).hint).toContain('tidemark secret set nobody -f FILE');
  });

  test('a lost key says so: which one is wanted, and that nothing can be recovered without it', async () => {
    await put('contoso');
    const bytes = readFileSync(keyFile);
    rmSync(keyFile);
    const lost = await refusal('contoso');
    expect(lost.message).toContain(`sealed by the key ${key.id}`);
    expect(lost.message).toContain(`there is no key file ${keyFile}`);
    expect(lost.message).toContain('nothing can be recovered');
    expect(lost.hint).toContain('backup');
    const other = await createKey(keyFile);
    expect((await refusal('contoso')).message).toContain(`holds another key (${other.id})`);
    // One that has its id and is another all the same opens nothing.
    const { database } = store();
    await database.query('update secret set key_id = $1', [other.id]);
    expect((await refusal('contoso')).message).toContain('changed in the database');
    await database.query('update secret set key_id = $1', [key.id]);
    writeFileSync(keyFile, bytes, { mode: 0o600 });
    expect(await open('contoso')).toBe(canary);
  });

  test('with two keys nothing is kept under the second while the first one is needed', async () => {
    await put('contoso');
    const second = keyOf(Buffer.alloc(32, 7));
    expect(await put('other', 'x', binding, second)).toEqual({ otherKey: key.id });
    expect(await put('contoso', 'x', binding, second)).toEqual({ otherKey: key.id });
    expect(await open('contoso')).toBe(canary);
    expect(await removeSecret(store().database, 'contoso', 'ana@host')).toBe(true);
    expect(await put('other', 'x', binding, second)).toEqual({ change: 'set' });
    // A database put together from two: each opens by its own key.
    await store().database.query(`update secret set key_id = 'restored from elsewhere'`);
    expect((await refusal('other')).message).toContain('sealed by the key restored from elsewhere');
  });

  test('of two who set their first secret at the same time with keys of their own one is told', async () => {
    const keys = [1, 2].map((byte) => keyOf(Buffer.alloc(32, byte)));
    const puts = await Promise.all(keys.map((by, index) => put(`first-${index}`, 'x', binding, by)));
    expect(puts.filter((answer) => 'change' in answer)).toHaveLength(1);
    expect(await listSecrets(store().database)).toHaveLength(1);
  });

  test('neither the rows nor the audit hold a value; the audit says who and what', async () => {
    const { database } = store();
    await database.query(`delete from audit`);
    await put('contoso', 'CANARY-in-rows');
    await removeSecret(database, 'contoso', 'ben@host');
    expect(await removeSecret(database, 'contoso', 'ben@host')).toBe(false);
    await put('contoso', 'CANARY-in-rows');
    const audit = await database.query('select connection, action, by, details from audit order by num');
    expect(audit).toEqual([
      { connection: null, action: 'secret set', by: 'ana@host', details: { name: 'contoso', ...binding, keyId: key.id } },
      { connection: null, action: 'secret rm', by: 'ben@host', details: { name: 'contoso' } },
      expect.objectContaining({ action: 'secret set' }),
    ]);
    const [dump] = await database.query<{ text: string }>(
      `select string_agg(s::text, '') || (select string_agg(a::text, '') from audit a) || string_agg(encode(s.sealed, 'escape'), '') as text from secret s`,
    );
    for (const form of ['CANARY-in-rows', Buffer.from('CANARY-in-rows').toString('hex'), key.bytes.toString('hex')])
      expect(dump!.text).not.toContain(form);
  });

  describe('the key file', () => {
    test('is made for its owner alone, once; two who make it get the same', async () => {
      const file = path.join(home, 'made.key');
      expect(await readKey(file)).toBeNull();
      const ids = await Promise.all([createKey(file), createKey(file), createKey(file)]);
      expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(file).size).toBe(32);
      expect(statSync(path.dirname(keyFile)).mode & 0o777).toBe(0o700);
      expect(existsSync(`${file}.${process.pid}`)).toBe(false);
    });

    test.each([
      [0o600, true],
      [0o400, true],
      [0o640, false],
      [0o604, false],
      [0o660, false],
      [0o644, false],
    ])('with mode %o: %s', async (mode, ok) => {
      await put('contoso');
      chmodSync(keyFile, mode);
      if (ok) return expect(await open('contoso')).toBe(canary);
      const error: unknown = await open('contoso').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'SECRET_UNAVAILABLE', hint: `chmod 600 ${keyFile}` });
    });

    test.each([
      ['shorter', Buffer.alloc(31)],
      ['longer', Buffer.alloc(33)],
      ['empty', Buffer.alloc(0)],
    ])('%s than a key is refused', async (_, bytes) => {
      writeFileSync(keyFile, bytes);
      await expect(readKey(keyFile)).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE', hint: 'Restore it from its backup.' });
    });

    test('a directory in its place is refused', async () => {
      await expect(readKey(home)).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' });
    });
  });
}
