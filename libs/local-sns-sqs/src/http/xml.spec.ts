import { AwsError } from '../core/errors.js';
import { xmlError, xmlResult } from './xml.js';

const body = (xml: string): string => xml.replace(/^<\?xml version="1.0"\?>\n/, '');

/** The answers of SNS (AWS Query protocol). */
describe('xmlResult', () => {
  it('puts a result into the response of its action, with the id of the request', () => {
    expect(body(xmlResult('CreateTopic', { TopicArn: 'arn' }, 'r1'))).toBe(
      '<CreateTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">' +
        '<CreateTopicResult><TopicArn>arn</TopicArn></CreateTopicResult>' +
        '<ResponseMetadata><RequestId>r1</RequestId></ResponseMetadata></CreateTopicResponse>',
    );
  });

  it('writes a list of structures as members', () => {
    expect(xmlResult('ListTopics', { Topics: [{ TopicArn: 'a' }, { TopicArn: 'b' }] }, 'r')).toContain(
      '<Topics><member><TopicArn>a</TopicArn></member><member><TopicArn>b</TopicArn></member></Topics>',
    );
  });

  it('writes an empty list as an empty element', () => {
    expect(xmlResult('PublishBatch', { Failed: [] }, 'r')).toContain('<Failed></Failed>');
  });

  it('writes attributes as entries with key and value', () => {
    expect(xmlResult('GetTopicAttributes', { Attributes: { Owner: '1', DisplayName: '' } }, 'r')).toContain(
      '<Attributes><entry><key>Owner</key><value>1</value></entry><entry><key>DisplayName</key><value></value></entry></Attributes>',
    );
  });

  it('writes booleans and leaves out what is not there', () => {
    const xml = xmlResult('PublishBatch', { Failed: [{ SenderFault: true, Message: undefined }] }, 'r');
    expect(xml).toContain('<Failed><member><SenderFault>true</SenderFault></member></Failed>');
  });

  it('escapes what XML would take for its own or would change', () => {
    const value = '<a href="x">&\r\n\t</a>';
    expect(xmlResult('X', { Value: value }, 'r')).toContain(
      '<Value>&lt;a href=&quot;x&quot;&gt;&amp;&#13;&#10;&#9;&lt;/a&gt;</Value>',
    );
    expect(xmlResult('X', { Attributes: { '<k>': '&' } }, 'r')).toContain('<key>&lt;k&gt;</key><value>&amp;</value>');
  });
});

describe('xmlError', () => {
  it('names the code, the message and whose fault it is', () => {
    expect(body(xmlError(new AwsError('NotFound', 'no <such> topic', { status: 404 }), 'r1'))).toBe(
      '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">' +
        '<Error><Type>Sender</Type><Code>NotFound</Code><Message>no &lt;such&gt; topic</Message></Error>' +
        '<RequestId>r1</RequestId></ErrorResponse>',
    );
    expect(xmlError(new AwsError('InternalFailure', 'x', { senderFault: false }), 'r')).toContain(
      '<Type>Receiver</Type>',
    );
  });
});
