// Ctrl-C and SIGTERM for verbs that stay: the first asks them to end in order, the second ends at once.

/** Resolves at the first signal. MUST be called before what is to be ended in order is started. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      process.on(signal, () => {
        if (asked) process.exit(code);
        asked = true;
        resolve();
      });
    }
  });
}
