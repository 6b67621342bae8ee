import { emptyReport } from '../../dead-letters/redrive-report.js';
import { redriveText } from './letter-text.js';

describe('redriveText', () => {
  const sent = { ...emptyReport('work-dlq', false), selected: 2, sent: 2, targets: { work: 2 } };
  const failedAgain = [{ id: 'letter', reason: 'no stock' }];

  it('names letters that came back, also where the redrive went on', () => {
    expect(redriveText({ ...sent, failedAgain })).toBe(
      'Sent 2 letters: 2 to work\nFailed again, and back in the queue: 1 letter. The first reason: no stock\n',
    );
  });

  it('says once that a redrive stopped because letters came back', () => {
    expect(redriveText({ ...sent, failedAgain, stopped: 'failed-again' })).toBe(
      'Sent 2 letters: 2 to work\nStopped, because 1 failed again: no stock\n',
    );
  });
});
