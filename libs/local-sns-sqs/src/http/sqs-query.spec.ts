import { queueDoesNotExist } from '../core/errors.js';
import { readSqsQuery, sqsXmlError, sqsXmlResult } from './sqs-query.js';

const read = (parameters: Record<string, string>, path = '/') =>
  readSqsQuery(path, new URLSearchParams(parameters).toString());

/** SQS Developer Guide: sqs-making-api-requests-xml. */
describe('readSqsQuery (sqs-making-api-requests-xml)', () => {
  it('reads flattened lists, maps and numbers into the shapes of the JSON protocol', () => {
    expect(
      read({
        Action: 'ReceiveMessage',
        Version: '2012-11-05',
        QueueUrl: 'http://local/000000000000/q',
        'AttributeName.1': 'All',
        'MessageAttributeName.1': 'a',
        'MessageAttributeName.2': 'b',
        WaitTimeSeconds: '20',
        VisibilityTimeout: '0',
      }),
    ).toEqual({
      action: 'ReceiveMessage',
      input: {
        QueueUrl: 'http://local/000000000000/q',
        AttributeNames: ['All'],
        MessageAttributeNames: ['a', 'b'],
        WaitTimeSeconds: 20,
        VisibilityTimeout: 0,
      },
    });
  });

  it('reads attributes and tags', () => {
    expect(
      read({
        Action: 'CreateQueue',
        'Attribute.1.Name': 'VisibilityTimeout',
        'Attribute.1.Value': '40',
        'Tag.1.Key': 'team',
        'Tag.1.Value': 'a',
      }).input,
    ).toEqual({ Attributes: { VisibilityTimeout: '40' }, Tags: { team: 'a' } });
  });

  it('reads the tags of TagQueue, which the Java SDKs write as Tags (recorded)', () => {
    expect(read({ Action: 'TagQueue', 'Tags.1.Key': 'c', 'Tags.1.Value': 'd' }).input).toEqual({ Tags: { c: 'd' } });
  });

  it('reads lists, maps and entries without an index (recorded)', () => {
    expect(
      read({
        Action: 'GetQueueAttributes',
        AttributeName: 'All',
        'Attribute.Name': 'VisibilityTimeout',
        'Attribute.Value': '40',
        'Tag.Key': 'team',
        'Tag.Value': 'a',
        'SendMessageBatchRequestEntry.Id': 'a',
      }).input,
    ).toEqual({
      AttributeNames: ['All'],
      Attributes: { VisibilityTimeout: '40' },
      Tags: { team: 'a' },
      Entries: [{ Id: 'a' }],
    });
    expect(read({ Action: 'UntagQueue', TagKey: 'a' }).input).toEqual({ TagKeys: ['a'] });
    expect(read({ Action: 'ReceiveMessage', AttributeName: '' }).input).toEqual({ AttributeNames: [] });
  });

  it('reads the entries of a batch, with their attributes', () => {
    const entry = 'SendMessageBatchRequestEntry.1.';
    expect(
      read({
        Action: 'SendMessageBatch',
        [`${entry}Id`]: 'a',
        [`${entry}MessageBody`]: '7',
        [`${entry}DelaySeconds`]: '7',
        [`${entry}MessageAttribute.1.Name`]: 'n',
        [`${entry}MessageAttribute.1.Value.DataType`]: 'Number',
        [`${entry}MessageAttribute.1.Value.StringValue`]: '7',
      }).input,
    ).toEqual({
      Entries: [
        {
          Id: 'a',
          MessageBody: '7',
          DelaySeconds: 7,
          MessageAttributes: { n: { DataType: 'Number', StringValue: '7' } },
        },
      ],
    });
  });

  it('takes the empty text that SDKs write for an empty list for no list', () => {
    expect(read({ Action: 'SendMessageBatch', Entries: '', QueueUrl: 'u' }).input).toEqual({ QueueUrl: 'u' });
  });

  it("takes the path for the queue's URL when the body names none", () => {
    expect(read({ Action: 'PurgeQueue' }, '/000000000000/q').input).toEqual({ QueueUrl: '/000000000000/q' });
    expect(read({ Action: 'ListQueues' }, '/').input).toEqual({});
  });

  it('leaves a number that is none as text, for the core to refuse', () => {
    expect(read({ WaitTimeSeconds: 'soon' }).input).toEqual({ WaitTimeSeconds: 'soon' });
  });
});

describe('sqsXmlResult', () => {
  it('writes messages with their attributes by name and value', () => {
    const Messages = [
      {
        MessageId: 'm',
        Body: '<b>',
        Attributes: { SenderId: 's' },
        MessageAttributes: { type: { DataType: 'String', StringValue: 'x' } },
      },
    ];
    expect(sqsXmlResult('ReceiveMessage', { Messages }, 'r')).toContain(
      '<ReceiveMessageResult><Message><MessageId>m</MessageId><Body>&lt;b&gt;</Body>' +
        '<Attribute><Name>SenderId</Name><Value>s</Value></Attribute>' +
        '<MessageAttribute><Name>type</Name><Value><DataType>String</DataType><StringValue>x</StringValue></Value></MessageAttribute>' +
        '</Message></ReceiveMessageResult>',
    );
  });

  it('writes the results of a batch under the name of the action', () => {
    const output = { Successful: [{ Id: 'a' }], Failed: [{ Id: 'b', SenderFault: true }] };
    const xml = sqsXmlResult('DeleteMessageBatch', output, 'r');
    expect(xml).toContain('<DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry>');
    expect(xml).toContain('<BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault></BatchResultErrorEntry>');
  });

  it('writes URLs and tags', () => {
    expect(sqsXmlResult('ListQueues', { QueueUrls: ['u1', 'u2'] }, 'r')).toContain(
      '<QueueUrl>u1</QueueUrl><QueueUrl>u2</QueueUrl>',
    );
    expect(sqsXmlResult('ListQueueTags', { Tags: { team: 'a' } }, 'r')).toContain(
      '<Tag><Key>team</Key><Value>a</Value></Tag>',
    );
  });

  it('has an empty result where there might be one: SDKs look for it', () => {
    expect(sqsXmlResult('ReceiveMessage', {}, 'r')).toContain('<ReceiveMessageResult></ReceiveMessageResult>');
  });

  it('has no result where there is never one', () => {
    expect(sqsXmlResult('DeleteMessage', {}, 'r')).not.toContain('Result>');
  });
});

describe('sqsXmlError', () => {
  it('has the older name of the error', () => {
    expect(sqsXmlError(queueDoesNotExist(), 'r')).toContain(
      '<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>' +
        '<Message>The specified queue does not exist for this wsdl version.</Message>',
    );
  });
});
