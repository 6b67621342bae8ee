import { Ids } from '../ids.js';
import { ReceiptHandles } from './receipt-handle.js';

describe('ReceiptHandles (sqs-queue-message-identifiers)', () => {
  const handles = new ReceiptHandles(new Ids(1), 1);

  it('reads what it has issued', () => {
    expect(handles.read(handles.issue(12, 345))).toEqual({ order: 12, lease: 345 });
  });

  it('gives every receive of a message a handle of its own', () => {
    expect(handles.issue(1, 1)).not.toBe(handles.issue(1, 2));
  });

  it.each([
    ['', 'nothing'],
    ['AQEBnonsense', 'nonsense'],
    [new ReceiptHandles(new Ids(1), 2).issue(1, 1), "another queue's handle"],
    [new ReceiptHandles(new Ids(2), 1).issue(1, 1), "another broker's handle"],
    [handles.issue(1, 1).replace(/.$/, last => (last === '0' ? '1' : '0')), 'a handle whose seal is broken'],
    [`${handles.issue(1, 1)} `, 'a handle with a blank'],
  ])('does not know %s (%s)', handle => {
    expect(handles.read(handle)).toBeUndefined();
  });

  it('does not know a handle that was made up from another', () => {
    const [one, two] = [handles.issue(1, 1), handles.issue(2, 1)];
    expect(handles.read(one.slice(0, 36) + two.slice(36))).toBeUndefined();
  });
});
