#!/usr/bin/env node
// The command `tidemark`: the TypeScript sources in a checkout, the compiled ones in an installed package (Node strips no types there).
import { existsSync } from 'node:fs';

const source = new URL('../src/cli/main.ts', import.meta.url);
await import(existsSync(source) ? source.href : new URL('../dist/src/cli/main.js', import.meta.url).href);
