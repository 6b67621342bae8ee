import { pause } from '../../async/pause.js';
import { ClientSNS } from '../../client/client-sns.js';
import { ClientSQS } from '../../client/client-sqs.js';
import type { OutboxStore } from '../../interfaces/outbox-store.interface.js';
import { thrownText } from '../../errors/thrown.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { PostgresOutbox } from '../../postgres/outbox/postgres-outbox.js';
import { clientOptions } from '../aws.js';
import type { CliCommand } from '../command.js';
import { withDatabase, withPool, type DatabaseOptions } from '../database.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { untilSignal } from '../until-signal.js';
import { withAws, type AwsOptions } from '../shared-options.js';

const TOPIC_SUFFIX = '-domain-events';
const LOOK_EVERY_MS = 10_000;

interface RelayOptions extends DatabaseOptions, AwsOptions {
  untilEmpty?: boolean;
}

type Client = ClientSNS | ClientSQS;

/** The client for a destination as the outbox names it; undefined: no client makes such a name. */
export function clientFor(destination: string, options: AwsOptions, outbox: OutboxStore): Client | undefined {
  const common = { aws: clientOptions(options), provisioning: 'verify', outbox, source: 'outbox-relay' } as const;
  if (destination.startsWith('arn:')) return new ClientSNS({ ...common, service: 'relay', topicArn: destination });
  if (/^https?:/.test(destination)) return new ClientSQS({ ...common, service: 'relay', queueUrl: destination });
  const [kind, name = ''] = destination.split(':', 2);
  if (kind === 'sqs') return new ClientSQS({ ...common, service: 'relay', queue: name });
  if (kind !== 'sns' || !name.endsWith(TOPIC_SUFFIX)) return undefined;
  return new ClientSNS({ ...common, service: name.slice(0, -TOPIC_SUFFIX.length) });
}

/** `outbox relay`: publishes until a signal ends it. */
export const outboxRelay: CliCommand<RelayOptions> = {
  path: 'outbox relay',
  summary: 'publishes the messages of the outbox until SIGINT or SIGTERM; any number of relays may run',
  configure: command =>
    withAws(withDatabase(command)).option(
      '--until-empty',
      'end when no message waits, instead of waiting for a signal',
    ),
  async run({ options, io, output }) {
    await untilSignal(signal => withPool(options, io, pool => relayUntil(signal, { options, pool, output })));
    output.result({ isOver: true }, () => 'The relay has ended.');
    return EXIT.ok;
  },
};

export interface Relaying {
  options: RelayOptions;
  pool: SqlExecutor;
  output: Pick<Output, 'note'>;
  /** Between two looks for new destinations, in milliseconds. */
  lookEveryMs?: number;
}

/** Rejects where the first look fails. Later ones are tried again: a database that restarts ends no relay. */
export async function relayUntil(stopping: AbortSignal, parts: Relaying): Promise<void> {
  const { options, pool, output, lookEveryMs = options.untilEmpty ? 200 : LOOK_EVERY_MS } = parts;
  const outbox = new PostgresOutbox({ pool, schema: options.schema });
  const clients = new Map<string, Client | undefined>();
  const relay = async (): Promise<string[]> => {
    const destinations = await outbox.destinations();
    for (const destination of destinations) {
      if (clients.has(destination)) continue;
      const client = clientFor(destination, options, outbox);
      clients.set(destination, client);
      client?.onApplicationBootstrap();
      output.note(client ? `relaying to ${destination}` : `warning: nothing publishes to ${destination}`);
    }
    return destinations;
  };
  let failures = 0;
  let hasLooked = false;
  try {
    while (!stopping.aborted) {
      try {
        const statuses = await outbox.status(await relay());
        if (options.untilEmpty && statuses.every(({ waiting }) => waiting === 0)) break;
        if (failures > 0) output.note('The outbox can be read again.');
        failures = 0;
        hasLooked = true;
      } catch (error) {
        if (!hasLooked) throw error;
        failures += 1;
        if (failures === 1) {
          output.note(`warning: the outbox cannot be read: ${thrownText(error)}. The relay tries again.`);
        }
      }
      await pause(lookEveryMs, stopping);
    }
  } finally {
    await Promise.all([...clients.values()].map(async client => client?.close()));
    await outbox.close();
  }
}
