import { AwsError, queueDeletedRecently, queueDoesNotExist } from '../core/errors.js';
import { protocolOf, snsQuery, sqsJson, sqsQuery } from './protocols.js';

const raw = (body: string, target = '', path = '/') => ({ target, path, body });

describe('protocolOf', () => {
  it.each([
    ['a target header', raw('{}', 'AmazonSQS.SendMessage'), sqsJson],
    ['an action of SQS', raw('Action=SendMessage&QueueUrl=x'), sqsQuery],
    ['an action of SNS', raw('Action=Publish&TopicArn=x'), snsQuery],
    ['an action that is not the first parameter', raw('Version=1&Action=ListQueues'), sqsQuery],
    ['an unknown action', raw('Action=Nonsense'), snsQuery],
    ['nothing', raw(''), snsQuery],
  ])('knows it by %s', (_, request, protocol) => {
    expect(protocolOf(request)).toBe(protocol);
  });
});

/** SQS Developer Guide: sqs-making-api-requests-json. */
describe('SQS in JSON (sqs-making-api-requests-json)', () => {
  it('reads the operation from the header and the input from the body', () => {
    const { service, action, input } = sqsJson.parse(raw('{"QueueName":"q"}', 'AmazonSQS.CreateQueue'));
    expect([service, action, input]).toEqual(['sqs', 'CreateQueue', { QueueName: 'q' }]);
    expect(sqsJson.parse(raw('', 'AmazonSQS.ListQueues')).input).toEqual({});
  });

  it.each(['{"QueueName":', '[]', '"text"', 'null'])('refuses the body %s', body => {
    expect(() => sqsJson.parse(raw(body, 'AmazonSQS.CreateQueue'))).toThrow(
      expect.objectContaining({ code: 'SerializationException', status: 400 }),
    );
  });

  it('refuses an operation that it does not know', () => {
    expect(() => sqsJson.parse(raw('{}', 'AmazonSQS.Nonsense'))).toThrow(
      expect.objectContaining({ code: 'UnknownOperationException' }),
    );
  });

  it('tells an error by its shape in the body and by its older name in a header, for SDKs that know only that', () => {
    const answer = sqsJson.error(queueDoesNotExist(), 'r1');
    expect(answer).toMatchObject({
      status: 400,
      headers: {
        'Content-Type': 'application/x-amz-json-1.0',
        'x-amzn-RequestId': 'r1',
        'x-amzn-query-error': 'AWS.SimpleQueueService.NonExistentQueue;Sender',
      },
    });
    expect(JSON.parse(answer.body)).toEqual({
      __type: 'com.amazonaws.sqs#QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    });
    expect(sqsJson.error(queueDeletedRecently(), 'r').headers['x-amzn-query-error']).toBe(
      'AWS.SimpleQueueService.QueueDeletedRecently;Sender',
    );
  });

  it('answers with the JSON of the output', () => {
    const request = sqsJson.parse(raw('{}', 'AmazonSQS.ListQueues'));
    expect(sqsJson.result(request, { QueueUrls: ['u'] }, 'r1')).toEqual({
      status: 200,
      headers: { 'Content-Type': 'application/x-amz-json-1.0', 'x-amzn-RequestId': 'r1' },
      body: '{"QueueUrls":["u"]}',
    });
  });
});

describe.each([
  ['SNS', snsQuery, 'Action=CreateTopic&Name=t', 'CreateTopic'],
  ['the older SQS', sqsQuery, 'Action=CreateQueue&QueueName=q', 'CreateQueue'],
])('%s in the Query protocol', (_, protocol, body, expected) => {
  it('reads its operation from the body and answers in XML', () => {
    const request = protocol.parse(raw(body));
    expect(request.action).toBe(expected);
    const answer = protocol.result(request, {}, 'r1');
    expect(answer).toMatchObject({ status: 200, headers: { 'Content-Type': 'text/xml' } });
    expect(answer.body).toContain(`<${expected}Response `);
  });

  it('refuses an action that it does not know: InvalidAction', () => {
    expect(() => protocol.parse(raw('Action=Nonsense'))).toThrow(expect.objectContaining({ code: 'InvalidAction' }));
  });

  it('refuses a request without an action: MissingAction', () => {
    expect(() => protocol.parse(raw(''))).toThrow(expect.objectContaining({ code: 'MissingAction' }));
  });

  it('answers errors with their status', () => {
    const answer = protocol.error(new AwsError('NotFound', 'x', { status: 404 }), 'r1');
    expect(answer.status).toBe(404);
    expect(answer.body).toContain('<Code>NotFound</Code>');
  });
});
