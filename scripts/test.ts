// The test command: jest with an outer time limit; its last line on stdout is `N passed, N failed` (`, N skipped` when some).
// Arguments go on to jest: `npm test -- test/stack`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';

const limitMs = 75 * 60_000;

const resultSchema = z.object({
  success: z.boolean(),
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  /** Suites that could not be run at all: their tests are not among the failed ones. */
  numRuntimeErrorTestSuites: z.int(),
});

const directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-test-'));
const resultFile = path.join(directory, 'result.json');
const jest = path.join(import.meta.dirname, '..', 'node_modules', 'jest', 'bin', 'jest.js');
const args = [jest, '--json', '--outputFile', resultFile, ...process.argv.slice(2)];
// A group of its own: at the limit everything that a test started goes with it. jest's JSON on stdout is not shown.
const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], detached: true });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => endGroup(signal));

const timer = setTimeout(() => {
  process.stderr.write(`The tests did not end within ${limitMs / 60_000} minutes and are stopped.\n`);
  endGroup('SIGKILL');
}, limitMs);

child.once('exit', (code) => {
  clearTimeout(timer);
  const { line, ok } = summary();
  rmSync(directory, { recursive: true, force: true });
  process.exitCode = ok && code === 0 ? 0 : 1;
  process.once('exit', () => process.stdout.write(`${line}\n`));
});

function endGroup(signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It has just ended.
  }
}

/** Without a result nothing passed: jest was stopped, or failed before its first test. */
function summary(): { readonly line: string; readonly ok: boolean } {
  let text: string;
  try {
    text = readFileSync(resultFile, 'utf8');
  } catch {
    return { line: '0 passed, 1 failed', ok: false };
  }
  const result = resultSchema.parse(JSON.parse(text));
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  const skipped = result.numPendingTests === 0 ? '' : `, ${result.numPendingTests} skipped`;
  return { line: `${result.numPassedTests} passed, ${failed} failed${skipped}`, ok: result.success && failed === 0 };
}
