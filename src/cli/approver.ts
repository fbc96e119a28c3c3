// Who decides about held removals, as the audit has it: Tidemark has no users of its own (decision 27).
import os from 'node:os';

/** `user@host`, at most 200 characters. */
export function approver(): string {
  return `${userName()}@${os.hostname()}`.slice(0, 200);
}

/** A container may run under an id that has no name. */
function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
