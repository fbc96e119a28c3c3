// What globalTeardown ends. Both run in the process of jest itself, but in module registries of their own.
// A global of the process can only be declared by var.
declare global {
  var tidemarkStoppers: (() => Promise<void>)[] | undefined;
}

export const stoppers = (globalThis.tidemarkStoppers ??= []);
