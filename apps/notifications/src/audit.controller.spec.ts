import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { SqsBatchContext } from 'nestjs-sns-sqs';
import { sqsContext } from 'nestjs-sns-sqs/testing';
import { AuditController } from './audit.controller.js';

describe('the audit', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('has one line for a batch, with each event', () => {
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    const contexts = ['u1', 'u2'].map(subject => sqsContext({ pattern: 'user.deleted', metadata: { subject } }));
    const state = { queue: 'q', pattern: 'user.deleted', signal: new AbortController().signal };
    new AuditController().write([{}, {}], new SqsBatchContext(state, contexts));
    expect(log.mock.calls).toEqual([['2 of users: user.deleted u1, user.deleted u2']]);
  });
});
