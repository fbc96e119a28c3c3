// What jest itself runs in beside a test file: a context of its own, whose built-ins and clocks are those of the process's global, where tests run
// (runtime). Else `expect.any(String)` would ask for another String than theirs. The variables of the process are for each file what they were.
import { TestEnvironment } from 'jest-environment-node';

type Given = ConstructorParameters<typeof TestEnvironment>;

export default class NodeEnvironment extends TestEnvironment {
  private readonly variables = { ...process.env };

  constructor(...given: Given) {
    super(...given);
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(globalThis))) {
      if (typeof descriptor.value === 'function' && descriptor.configurable) Object.defineProperty(this.global, name, descriptor);
    }
    const timers = this.fakeTimersModern;
    if (timers !== null)
      this.fakeTimersModern = Reflect.construct(timers.constructor, [{ config: given[0].projectConfig, global: globalThis }]);
  }

  override async teardown(): Promise<void> {
    await super.teardown();
    for (const name of Object.keys(process.env)) if (!(name in this.variables)) delete process.env[name];
    Object.assign(process.env, this.variables);
  }
}
