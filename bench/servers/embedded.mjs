/** The embedded broker as a process of its own, which tells its parent what it costs. */
import { startLocalBroker } from '../../dist/libs/local-sns-sqs/esm/index.js';

const broker = await startLocalBroker({ seed: 1 });

const answers = {
  endpoint: () => ({ endpoint: broker.endpoint }),
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpuMicroseconds: user + system };
  },
  memory: () => {
    globalThis.gc();
    return { heap: process.memoryUsage().heapUsed };
  },
};

process.on('message', question => process.send(answers[question]()));
process.once('disconnect', () => void broker.stop());
