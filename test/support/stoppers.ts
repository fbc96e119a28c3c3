// What globalTeardown ends. Both run in the process of jest itself, but in module registries of their own.
declare global {
  // eslint-disable-next-line no-var -- a global of the process can only be declared by var
  var tidemarkStoppers: (() => Promise<void>)[] | undefined;
}

export const stoppers = (globalThis.tidemarkStoppers ??= []);
