import { appFrame } from './app-frame.js';

const withStack = (...lines: string[]): unknown => ({
  stack: ['Error: no', ...lines.map(line => `    at ${line}`)].join('\n'),
});

describe('appFrame', () => {
  it('is the first line that is neither of Node nor of a package', () => {
    const error = withStack(
      'process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
      `Client.send (${process.cwd()}/node_modules/pg/lib/client.js:4:2)`,
      `async Emails.send (file://${process.cwd()}/dist/emails.js:12:7)`,
      `Users.register (${process.cwd()}/dist/users.js:3:1)`,
    );
    expect(appFrame(error)).toBe('Emails.send (dist/emails.js)');
  });

  it('takes a line without a function', () => {
    expect(appFrame(withStack('/srv/app.js:1:1'))).toBe('/srv/app.js');
  });

  it('of an error is where it was made', () => {
    expect(appFrame(new Error('no'))).toMatch(/app-frame\.spec\.ts\)?$/);
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'no'],
    ['an error without a stack', { stack: undefined }],
    ['a stack of strangers', withStack('node:internal/timers:5:1')],
    [
      'a stack that throws',
      {
        get stack(): string {
          throw new Error('no');
        },
      },
    ],
  ])('is undefined for %s', (_, error) => {
    expect(appFrame(error)).toBeUndefined();
  });
});
