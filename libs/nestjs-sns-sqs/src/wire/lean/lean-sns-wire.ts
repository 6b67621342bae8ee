import { PublishBatchCommand, SNSClient, type PublishBatchCommandOutput } from '@aws-sdk/client-sns';
import type { BatchResult, OutgoingSnsMessage, SnsWire } from '../../interfaces/wire.interface.js';
import { toBatchResult } from '../batch-result.js';
import { publishInput } from '../sns-inputs.js';
import { SILENCE_MS } from '../http-bounds.js';
import { CALL_CONNECTIONS, Connections } from '../connections.js';
import { LeanCaller } from './lean-caller.js';
import { answeredClient, READER_CONFIG } from './sdk-reader.js';

const HEADERS = { 'content-type': 'application/x-www-form-urlencoded' };

type Output = Pick<PublishBatchCommandOutput, 'Successful' | 'Failed'>;

/** The hot call to SNS without the SDK, as AWS Query, which answers in XML. */
export class LeanSnsWire implements SnsWire {
  private readonly connections: Connections;
  private readonly caller: LeanCaller;
  private readonly reader = new SNSClient(READER_CONFIG);

  /** @param client is asked for credentials, region, endpoint and the like; nothing is sent over it */
  constructor(client: SNSClient, { silenceMs = SILENCE_MS.call, isGiven = true } = {}) {
    this.connections = new Connections({ silenceMs, most: CALL_CONNECTIONS });
    this.caller = new LeanCaller(client.config, PublishBatchCommand, 'sns', isGiven);
  }

  async publishBatch(topicArn: string, entries: readonly OutgoingSnsMessage[]): Promise<BatchResult> {
    const output = await this.caller.call<Output>({
      connections: this.connections,
      headers: HEADERS,
      body: queryOf(topicArn, entries),
      read: readSuccess,
      readBySdk: answer =>
        answeredClient(this.reader, answer).send(new PublishBatchCommand(publishInput(topicArn, entries))),
    });
    return toBatchResult(
      entries.map(({ id }) => id),
      output,
    );
  }

  /** Cuts every connection. */
  destroy(): void {
    this.connections.destroy();
  }
}

/** The parameters of PublishBatch as AWS Query numbers them. */
function queryOf(topicArn: string, entries: readonly OutgoingSnsMessage[]): string {
  let query = `Action=PublishBatch&Version=2010-03-31&TopicArn=${encodeURIComponent(topicArn)}`;
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) query += `&${name}=${encodeURIComponent(value)}`;
  };
  entries.forEach(({ id, body, attributes, groupId, deduplicationId }, index) => {
    const entry = `PublishBatchRequestEntries.member.${index + 1}`;
    add(`${entry}.Id`, id);
    add(`${entry}.Message`, body);
    add(`${entry}.MessageGroupId`, groupId);
    add(`${entry}.MessageDeduplicationId`, deduplicationId);
    Object.entries(attributes).forEach(([name, { DataType, StringValue, BinaryValue }], position) => {
      const attribute = `${entry}.MessageAttributes.entry.${position + 1}`;
      add(`${attribute}.Name`, name);
      add(`${attribute}.Value.DataType`, DataType);
      add(`${attribute}.Value.StringValue`, StringValue);
      add(`${attribute}.Value.BinaryValue`, BinaryValue && Buffer.from(BinaryValue).toString('base64'));
    });
  });
  return query;
}

const MEMBER = /<member>(.*?)<\/member>/gs;
const FIELD = /<(Id|MessageId|SequenceNumber)>([\w-]+)<\/\1>/g;

/** An answer in which every entry succeeded, and in which nothing needs unescaping; undefined for any other. */
function readSuccess(body: Buffer): Output | undefined {
  const xml = body.toString();
  const successful = /<Successful>(.*)<\/Successful>/s.exec(xml)?.[1];
  if (successful === undefined || /<Failed>.*<member>.*<\/Failed>/s.test(xml)) return undefined;
  const Successful = [...successful.matchAll(MEMBER)].map(
    ([, member = '']) =>
      Object.fromEntries([...member.matchAll(FIELD)].map(([, name, value]) => [name, value])) as { Id: string },
  );
  return { Successful };
}
