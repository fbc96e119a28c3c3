// A real container registry for tests: `docker-registry` on PATH, else Debian's package, fetched and unpacked but not installed.
import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { request } from 'undici';
import { freePort } from '../../src/stack/ports.ts';
import { eventually } from './waiting.ts';

/** The binary, or why there is none. */
export type RegistryBinary = { readonly binary: string; readonly remove: () => void } | { readonly missing: string };

const fetchMs = 120_000;

/** Synchronous: whether a suite is skipped is decided while it is read. */
export function findRegistryBinary(): RegistryBinary {
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-registry-'));
  const remove = (): void => rmSync(home, { recursive: true, force: true });
  const run = (command: string, ...args: string[]): boolean => spawnSync(command, args, { cwd: home, timeout: fetchMs }).status === 0;
  const download = (): boolean => run('apt-get', 'download', 'docker-registry');
  if (run('docker-registry', '--version')) return { binary: 'docker-registry', remove };
  // A fresh machine has no lists yet; making them takes root.
  if (download() || (run('apt-get', 'update') && download())) {
    const [archive = ''] = globSync(path.join(home, '*.deb'));
    const binary = path.join(home, 'usr', 'bin', 'docker-registry');
    if (run('dpkg-deb', '-x', archive, home) && run(binary, '--version')) return { binary, remove };
  }
  remove();
  return { missing: 'no docker-registry on PATH, and none to be fetched by apt-get' };
}

export interface RegistryServer {
  readonly origin: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Where its files lie. */
  readonly data: string;
  stop(): Promise<void>;
}

/** `more` are settings in its own format, beside those of the test. Rejects when it does not answer in time. */
export async function startRegistryServer(
  binary: string,
  more: { readonly auth?: object; readonly middleware?: object } = {},
): Promise<RegistryServer> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-registry-data-'));
  const port = await freePort();
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: home } },
    http: { addr: `127.0.0.1:${port}` },
    ...more,
  };
  const file = path.join(home, 'config.json');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const server = spawn(binary, ['serve', file], { stdio: 'ignore', env: { OTEL_TRACES_EXPORTER: 'none' } });
  const origin = `http://127.0.0.1:${port}`;
  await eventually('the registry answers', 30_000, async () => {
    const { statusCode, body } = await request(`${origin}/v2/`);
    await body.dump();
    return statusCode === 200 || statusCode === 401;
  });
  return {
    origin,
    host: `127.0.0.1:${port}`,
    data: home,
    stop: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
