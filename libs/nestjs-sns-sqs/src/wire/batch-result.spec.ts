import { toBatchResult } from './batch-result.js';

describe('toBatchResult', () => {
  it('tells success and failure entry by entry', () => {
    const output = {
      Successful: [{ Id: '0', MessageId: 'm' }, { Id: '1' }],
      Failed: [{ Id: '2', Code: 'InternalError', Message: 'later', SenderFault: false }],
    };
    expect(toBatchResult(['0', '1', '2'], output)).toEqual({
      successful: [{ id: '0', messageId: 'm' }, { id: '1' }],
      failed: [{ id: '2', code: 'InternalError', message: 'later', senderFault: false }],
    });
  });

  it('takes an entry that the answer does not mention for failed, worth another try', () => {
    expect(toBatchResult(['0', '1'], { Successful: [{ Id: '1' }] }).failed).toEqual([
      { id: '0', code: 'NoResult', message: 'AWS gave no result', senderFault: false },
    ]);
    expect(toBatchResult(['0'], {}).failed).toHaveLength(1);
  });

  it('takes null for an empty list', () => {
    const both = { Successful: [{ Id: '0' }], Failed: null };
    expect(toBatchResult(['0'], both)).toEqual({ successful: [{ id: '0' }], failed: [] });
    expect(toBatchResult(['0'], { Successful: null, Failed: [{ Id: '0' }] }).failed).toHaveLength(1);
  });

  it('takes an entry for failed that the answer lists as both', () => {
    const { failed } = toBatchResult(['0'], { Successful: [{ Id: '0' }], Failed: [{ Id: '0' }] });
    expect(failed).toHaveLength(1);
  });

  it('does not blame the sender when AWS does not', () => {
    expect(toBatchResult(['0'], { Failed: [{ Id: '0' }] }).failed).toEqual([
      { id: '0', code: 'Unknown', message: '', senderFault: false },
    ]);
  });
});
