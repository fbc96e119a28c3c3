// Free loopback ports for servers that must be told theirs.
import { createServer } from 'node:net';

const loopback = '127.0.0.1';

/** Whether nobody listens on this loopback port. It may be taken a moment later: the caller tries the next one then. */
export function isFree(port: number): Promise<boolean> {
  return listen(port).then(
    () => true,
    () => false,
  );
}

export const freePort = (): Promise<number> => listen(0);

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, loopback, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('The server has no port.'));
        else resolve(address.port);
      });
    });
  });
}
