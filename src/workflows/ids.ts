// Every workflow, schedule and task queue id, built in one place.

export const taskQueues = { control: 'tidemark', pull: 'tidemark-pull' } as const;

export const connectionId = (name: string): string => `connection:${name}`;
export const pullId = (name: string, run: number): string => `pull:${name}:${run}`;
/** `file`: the digest of the file of orders: the same file twice is one. */
export const fulfilId = (name: string, file: string): string => `fulfil:${name}:${file.slice(0, 16)}`;
export const scheduleId = (name: string, profile: string): string => `${name}:${profile}`;
/** `unique` tells tests of one connection apart. */
export const testId = (name: string, unique: string): string => `test:${name}:${unique}`;
export const tickId = (name: string, profile: string): string => `tick:${name}:${profile}`;
