import { testIo } from '../../test/cli-io.js';
import { Progress } from './progress.js';

describe('the progress bar', () => {
  it('grows on a terminal, in one line that ends', () => {
    const io = testIo({ isInteractive: true });
    const progress = new Progress(io, 'reading');
    progress.show(0, 100_000);
    progress.show(50_000, 100_000);
    // SQS's counts are approximate: there may be more.
    progress.show(100_080, 100_000);
    progress.end();
    progress.end();
    expect(io.err().split('\r')).toEqual([
      '',
      `reading [${'.'.repeat(30)}] 0 of 100000`,
      `reading [${'#'.repeat(15)}${'.'.repeat(15)}] 50000 of 100000`,
      `reading [${'#'.repeat(30)}] 100080 of 100080\n`,
    ]);
  });

  it('is nothing where nobody looks', () => {
    const io = testIo();
    const progress = new Progress(io, 'reading');
    progress.show(1, 2);
    progress.end();
    expect(io.err()).toBe('');
  });
});
