// Completes package-lock.json after an install. A registry that lacks other platforms' optional packages makes npm leave them out of the
// lock, and `npm ci` then refuses it; they also would be missing on those platforms. Run as `npm run lock`, after every `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const objects = z.record(z.string(), z.json());
const versions = z.record(z.string(), z.string()).default({});

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

/** What a platform package's name says it is for, in the lock's words. */
function platform(name: string): { os?: string[]; cpu?: string[]; libc?: string[] } {
  const words = name.split(/[/-]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  const gnu = words.some((word) => word.startsWith('gnu'));
  const musl = words.some((word) => word.startsWith('musl'));
  return {
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(gnu ? { libc: ['glibc'] } : musl ? { libc: ['musl'] } : {}),
    ...(os.length > 0 ? { os } : {}),
  };
}

const file = path.join(import.meta.dirname, '..', 'package-lock.json');
const lock = objects.parse(JSON.parse(readFileSync(file, 'utf8')));
const packages = z.record(z.string(), objects).parse(lock['packages']);
let added = 0;
for (const [location, entry] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(versions.parse(entry['optionalDependencies']))) {
    const key = `node_modules/${name}`;
    if (key in packages || `${location}/${key}` in packages) continue;
    packages[key] = { version, ...platform(name), ...(entry['dev'] === true ? { dev: true } : {}), optional: true };
    added += 1;
  }
}
const sorted = Object.fromEntries(Object.entries(packages).sort(([left], [right]) => (left < right ? -1 : 1)));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
process.stdout.write(`package-lock.json: ${added} optional packages of other platforms added.\n`);
