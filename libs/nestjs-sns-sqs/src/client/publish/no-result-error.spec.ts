import { backlogError, timeoutError, unansweredError } from './no-result-error.js';

describe('an emit without a result', () => {
  const bounds = { maxPending: 1, timeoutMs: 1_000 };

  it.each([
    ['PUBLISH_BACKLOG', (destination: string) => backlogError(destination, bounds)],
    ['PUBLISH_TIMEOUT', (destination: string) => timeoutError(destination, bounds)],
    ['CLIENT_CLOSED', (destination: string) => unansweredError(destination, 1_000)],
  ])('%s: says what a caller can do about a burst into one group, on FIFO only', (code, errorOf) => {
    expect(errorOf('users-async-commands.fifo')).toMatchObject({
      code,
      remedy: expect.stringMatching(/spread a burst over more groups$/) as string,
    });
    expect(errorOf('users-domain-events').remedy).not.toMatch(/group/);
  });
});
