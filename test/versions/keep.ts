// Keeps this release's workflows for the tests of later ones: `node test/versions/keep.ts`, once, when it is released. Their names stay, the rest is made small.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { minify } from '@swc/core';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { packageVersion } from '../../src/stack/version.ts';
import { workflowSources } from '../../src/stack/workflowBundle.ts';

const sources = workflowSources(path.join(import.meta.dirname, '../../src/workflows'));
const { code } = await bundleWorkflowCode({ ...sources, logger: new DefaultLogger('ERROR') });
const names = { keep_classnames: true, keep_fnames: true } as const;
const small = await minify(code.replace(/\n\/\/# sourceMappingURL=[^\n]*\s*$/, '\n'), {
  ...names,
  compress: true,
  mangle: names,
  format: { comments: false },
});
// The worker wants a map back to the sources; these are not kept.
const map = Buffer.from(JSON.stringify({ version: 3, file: 'workflows.bundle.js', sources: [], names: [], mappings: '' })).toString(
  'base64',
);
const file = path.join(import.meta.dirname, 'released', `workflows-${packageVersion()}.bundle.js.gz`);
writeFileSync(file, gzipSync(`${small.code}\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,${map}`, { level: 9 }));
process.stdout.write(`${file}\n`);
