// Where test files run. jest makes their global object a proxy, and each use of Promise, Buffer or setTimeout goes through it: about a tenth of the
// processor's time where the simulator, the store and a pull run in the test's own process. This one is an ordinary object with the same properties.
import { constants, type Context, createContext } from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

type Given = ConstructorParameters<typeof TestEnvironment>;

export default class PlainGlobalEnvironment extends TestEnvironment {
  constructor(...given: Given) {
    super(...given);
    const { projectConfig: config } = given[0];
    const global = ordinaryGlobal(this.global);
    // What jest made for the other one.
    const { moduleMocker, fakeTimersModern } = this;
    this.context = global;
    Reflect.set(this, 'global', global);
    if (moduleMocker !== null) this.moduleMocker = Reflect.construct(moduleMocker.constructor, [global]);
    if (fakeTimersModern !== null) this.fakeTimersModern = Reflect.construct(fakeTimersModern.constructor, [{ config, global }]);
  }
}

/** Language built-ins stay its own, but for the two that jest shares; what Node makes only when it is asked for is made then. */
function ordinaryGlobal(from: object): Context {
  const global = createContext(constants.DONT_CONTEXTIFY);
  const shared = new Set<string | symbol>(['ArrayBuffer', 'Uint8Array']);
  for (const name of Reflect.ownKeys(from)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(from, name);
    if (descriptor === undefined || (Object.hasOwn(global, name) && !shared.has(name))) continue;
    Reflect.defineProperty(global, name, 'value' in descriptor ? descriptor : lazy(global, name, () => Reflect.get(globalThis, name)));
  }
  global['global'] = global;
  return global;
}

function lazy(on: object, name: string | symbol, make: () => unknown): PropertyDescriptor {
  const keep = (value: unknown): void => {
    Reflect.defineProperty(on, name, { configurable: true, enumerable: true, writable: true, value });
  };
  return {
    configurable: true,
    enumerable: true,
    get() {
      const value = make();
      keep(value);
      return value;
    },
    set: keep,
  };
}
