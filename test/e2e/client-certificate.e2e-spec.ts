// AWS behind a proxy and a real TLS server that asks for a client certificate: every call goes as the user says.
import { Agent } from 'node:https';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  ClientSNS,
  ClientSQS,
  DeadLetter,
  OnCommand,
  OnDomainEvent,
  ServerSQS,
  type AwsClientOptions,
} from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { selfSigned } from '../support/self-signed.js';
import { TlsFront } from '../support/tls-front.js';
import { Tunnel } from '../support/tunnel.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const NEEDED = ['CreateTopic', 'CreateQueue', 'SetQueueAttributes', 'Subscribe', 'ReceiveMessage', 'PublishBatch'];
const SETTLED = ['SendMessageBatch', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch'];

describe('an endpoint that asks for a client certificate, behind a proxy', () => {
  const here = world();
  const [own, caller] = [selfSigned('aws'), selfSigned('app')];
  const certified = { ca: own.cert, ...caller };
  let front: TlsFront;
  let tunnel: Tunnel;
  let endpoint: string;

  beforeEach(async () => {
    front = new TlsFront(new URL(here.url), own, caller);
    endpoint = await front.open();
    here.onClose(() => front.close());
    tunnel = new Tunnel();
    await tunnel.open();
    here.onClose(() => tunnel.close());
  });

  const byProxy = (): AwsClientOptions => {
    const httpsAgent = tunnel.agent(certified);
    here.onClose(() => httpsAgent.destroy());
    return { ...here.aws, endpoint, requestHandler: { httpsAgent } };
  };

  it('takes every call of a service and its clients', async () => {
    const handled: unknown[] = [];
    let failures = 0;
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      registered(@Payload() n: number): void {
        if (n === 2 && failures++ === 0) throw new Error('again');
        if (n === 3) throw new DeadLetter('never');
        handled.push(n);
      }

      @OnCommand('order')
      order(@Payload() text: string): void {
        handled.push(text);
      }

      @MessagePattern('sum')
      sum(@Payload() numbers: number[]): number {
        return numbers.reduce((a, b) => a + b);
      }
    }
    await here.start([Work], { wire: 'sdk', aws: byProxy() });
    const events = here.events({ wire: 'sdk', aws: byProxy() });
    const commands = here.commands({ wire: 'sdk', aws: byProxy(), groupId: 'none' });
    for (const n of [1, 2, 3]) await events.emit('user.registered', n);
    await commands.emit('order', 'ordered');
    expect(await lastValueFrom(commands.client.send<number, number[]>('sum', [1, 2, 3]))).toBe(6);
    await waitFor('all of them', () => handled.length === 3);
    await here.queue('work-on-user-registered-dlq').untilAllVisible(1);
    await here.queue('work-on-user-registered').untilEmpty();

    expect(handled.map(String).toSorted()).toEqual(['1', '2', 'ordered']);
    expect(front.operations).toEqual(expect.arrayContaining([...NEEDED, ...SETTLED]));
    expect(front.refusals).toEqual([]);
    const { host } = new URL(endpoint);
    expect(new Set(tunnel.led)).toEqual(new Set([host]));
  });

  it('fails the start without the certificate, and lets nothing pass', async () => {
    const httpsAgent = new Agent({ ca: own.cert });
    here.onClose(() => httpsAgent.destroy());
    const aws = { ...here.aws, endpoint, requestHandler: { httpsAgent } };
    @Controller()
    class Work {
      @OnCommand('order')
      order(): void {}
    }
    await expect(here.start([Work], { wire: 'sdk', aws, startTimeoutMs: 0 })).rejects.toMatchObject({
      code: 'AWS_CALL_FAILED',
      message: expect.stringContaining('certificate required') as string,
    });
    expect(front.operations).toEqual([]);
  });

  it('is refused at construction with the lean wire, which has no agents', () => {
    const options = { service: 'users', wire: 'lean' as const, aws: byProxy() };
    for (const make of [ServerSQS, ClientSNS, ClientSQS]) {
      expect(() => new make(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error);
    }
  });
});
