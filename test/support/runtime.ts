// How a test file is loaded: by Node, as our programs are, with its types stripped and in the process's own global. jest alone would compile what it
// imports anew for every file, in a context of its own. Files that run in one process share the sources and the packages; of what is below `test/`
// each has a copy of its own, since `test` and `expect` are other ones for each.
import type jestRuntime from 'jest-runtime';
import { createRequire, registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// Its types are those of its CommonJS only.
const { default: Runtime }: typeof jestRuntime = createRequire(import.meta.url)('jest-runtime');

const tests = pathToFileURL(`${path.dirname(import.meta.dirname)}${path.sep}`).href;

/** Which test file a module below `test/` is loaded for: it was marked when it was imported, or is one itself. */
function testFileOf(url: string | undefined): string | null {
  if (url === undefined || !url.startsWith(tests)) return null;
  const marked = new URL(url).searchParams.get('of');
  return marked ?? (url.endsWith('.test.ts') ? url.slice(tests.length) : null);
}

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const testFile = testFileOf(context.parentURL);
    return testFile !== null && resolved.url.startsWith(tests) ? { ...resolved, url: `${resolved.url}?of=${testFile}` } : resolved;
  },
});

export default class NodeRuntime extends Runtime {
  override unstable_shouldLoadAsEsm(): boolean {
    return true;
  }

  override async unstable_importModule(file: string): Promise<void> {
    Object.assign(globalThis, this.requireModuleOrMock(file, '@jest/globals'));
    await import(pathToFileURL(file).href);
  }
}
