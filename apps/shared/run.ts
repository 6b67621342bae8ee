import { Logger } from '@nestjs/common';

/**
 * Runs a sample service: a start that fails says why in one line and exits with 1; a process that was started by the
 * demo tells it when it is ready, and ends with it.
 */
export function run(service: string, start: () => Promise<{ url?: string }>): void {
  const logger = new Logger(service);
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  start().then(
    ({ url }) => {
      logger.log(url === undefined ? 'consuming' : `listening on ${url}`);
      if (process.connected) process.send?.({ ready: true, url });
    },
    (error: unknown) => {
      logger.fatal(error instanceof Error ? error.message : String(error));
      process.exit(1);
    },
  );
}
