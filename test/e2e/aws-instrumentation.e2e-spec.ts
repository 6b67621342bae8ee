import { CompiledConsumer } from '../support/child-consumer.js';
import { world } from '../support/world.js';

interface Span {
  name: string;
  /** The library that made it. */
  by: string;
  trace: string;
  id: string;
  parent?: string;
  links: string[];
}

const AWS_SDK = '@opentelemetry/instrumentation-aws-sdk';

describe("the AWS SDK's own instrumentation beside ours", () => {
  const here = world();
  let consumer: CompiledConsumer;
  beforeAll(async () => {
    consumer = await CompiledConsumer.compile('instrumented-consumer');
  }, 60_000);
  afterAll(() => consumer.remove());

  it.each(['sdk', 'lean'] as const)('traces no call of the library, and the user’s own calls, over %s', async wire => {
    const { prefix, aws } = here;
    const child = await consumer.run<{ listening?: number; spans?: Span[] }>({ endpoint: aws.endpoint, prefix, wire });
    await child.end('SIGKILL');
    const spans = child.facts.flatMap(fact => fact.spans ?? []);
    const [root, ofUser] = ['by the library', 'by the user'].map(name => spans.find(span => span.name === name));
    const inTrace = (of: Span | undefined): Span[] => spans.filter(({ trace }) => trace === of?.trace);

    // The provisioning is not a message: the SDK's instrumentation may tell of it.
    const awsCalls = spans.filter(({ by }) => by === AWS_SDK).map(({ name }) => name);
    expect(awsCalls).toContain('SNS CreateTopic');
    expect(awsCalls.filter(name => /Batch|ReceiveMessage/.test(name))).toEqual([]);

    const process = `process ${prefix}welcome-on-user-registered`;
    const created = inTrace(root).find(({ name }) => name.startsWith('create '));
    expect(created?.parent).toBe(root?.id);
    expect(spans.find(({ name, links }) => name === process && links.includes(created?.id ?? '-'))).toBeDefined();

    const published = inTrace(ofUser).find(({ by, name }) => by === AWS_SDK && name.endsWith(' send'));
    expect(published?.parent).toBe(ofUser?.id);
    expect(spans.find(({ name, links }) => name === process && links.includes(published?.id ?? '-'))).toBeDefined();
  });
});
