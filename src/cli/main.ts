// The command `tidemark`: runs one verb and ends with its exit code. Nothing heavy may be imported here (cold start, design section 9).
import { runProgram } from './program.ts';

const code = await runProgram(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
process.exit(code);
