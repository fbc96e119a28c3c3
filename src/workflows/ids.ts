// Every workflow, schedule and task queue id, built in one place.

export const taskQueues = { control: 'tidemark', pull: 'tidemark-pull' } as const;

export const connectionId = (name: string): string => `connection:${name}`;
export const pullId = (name: string, run: number): string => `pull:${name}:${run}`;
export const scheduleId = (name: string, profile: string): string => `${name}:${profile}`;
/** `unique` tells tests of one connection apart. */
export const testId = (name: string, unique: string): string => `test:${name}:${unique}`;
export const tickId = (name: string, profile: string): string => `tick:${name}:${profile}`;
