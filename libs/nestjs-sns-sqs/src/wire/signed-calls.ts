import type { SQSClient } from '@aws-sdk/client-sqs';
import type { KeyLook, KeyPolicies } from '../interfaces/control-plane.interface.js';
import { partitionOf } from '../topology/partitions.js';
import { Signer } from './lean/signer.js';

/** The caller waits for nothing that a start or a finding depends on: longer, and it is not known. */
const TIMEOUT_MS = 2_000;

/** Where IAM is, which has one endpoint for each partition, and the region that it is signed for (iam endpoints). */
const IAM: Readonly<Record<string, readonly [host: string, region: string]>> = {
  aws: ['iam.amazonaws.com', 'us-east-1'],
  'aws-cn': ['iam.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  'aws-us-gov': ['iam.us-gov.amazonaws.com', 'us-gov-west-1'],
};

type Service = 'kms' | 'iam' | 'sts';
type Config = Pick<SQSClient['config'], 'credentials' | 'region' | 'endpoint' | 'systemClockOffset'>;

/**
 * A few calls to services whose SDK clients nobody else needs here: signed as the SQS client signs, and sent to its custom
 * endpoint where it has one. Each rejects with an error as an SDK client throws it.
 */
export class SignedCalls implements KeyPolicies {
  constructor(private readonly config: Config) {}

  /** DescribeKey and GetKeyPolicy APIs of KMS. An alias is resolved: only DescribeKey takes one. */
  async look(keyId: string): Promise<KeyLook> {
    const { KeyMetadata } = (await this.kms('DescribeKey', { KeyId: keyId })) as {
      KeyMetadata?: { Arn?: string; Enabled?: boolean };
    };
    const { Policy } = (await this.kms('GetKeyPolicy', {
      KeyId: KeyMetadata?.Arn ?? keyId,
      PolicyName: 'default',
    })) as { Policy?: string };
    return { isEnabled: KeyMetadata?.Enabled !== false, policy: Policy };
  }

  /** A call of the Query protocol. Resolves to its XML. */
  query(service: 'iam' | 'sts', action: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    const Version = service === 'iam' ? '2010-05-08' : '2011-06-15';
    const body = new URLSearchParams({ Action: action, Version, ...parameters }).toString();
    return this.send(service, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, body);
  }

  private async kms(operation: string, input: object): Promise<unknown> {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` };
    return JSON.parse(await this.send('kms', headers, JSON.stringify(input)));
  }

  private async send(service: Service, headers: Record<string, string>, body: string): Promise<string> {
    const { origin, path, region } = await this.place(service);
    const { host } = new URL(origin);
    const signer = new Signer(service, () => this.config.credentials());
    const now = new Date(Date.now() + this.config.systemClockOffset);
    const signed = await signer.sign({ origin, host, path, region, headers: {} }, headers, body, now);
    // `host` is what fetch writes itself.
    const { host: _, ...sent } = signed.headers;
    const answer = await fetch(origin + path, {
      method: 'POST',
      headers: sent,
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw failureOf(answer.status, text);
    return text;
  }

  private async place(service: Service): Promise<{ origin: string; path: string; region: string }> {
    const region = await this.config.region();
    const custom = await this.config.endpoint?.();
    const given =
      custom && `${custom.protocol}//${custom.hostname}${custom.port === undefined ? '' : `:${custom.port}`}`;
    const origin = given ?? process.env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ?? process.env['AWS_ENDPOINT_URL'];
    if (origin !== undefined) return { origin: origin.replace(/\/+$/, ''), path: '/', region };
    const partition = partitionOf(region);
    const [host, signedFor] = IAM[partition] ?? IAM['aws'];
    if (service === 'iam') return { origin: `https://${host}`, path: '/', region: signedFor };
    const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
    return { origin: `https://${service}.${region}.${suffix}`, path: '/', region };
  }
}

/** JSON names its error `__type`, XML `<Code>`. */
function failureOf(httpStatusCode: number, text: string): Error {
  const [, code = ''] = /"__type"\s*:\s*"(?:[^"#]*#)?(\w+)"/.exec(text) ?? /<Code>([\w.]+)<\/Code>/.exec(text) ?? [];
  const [, message = text.slice(0, 200)] =
    /"message"\s*:\s*"([^"]*)"/i.exec(text) ?? /<Message>([^<]*)<\/Message>/.exec(text) ?? [];
  return Object.assign(new Error(message), { name: code || `Http${httpStatusCode}`, $metadata: { httpStatusCode } });
}
