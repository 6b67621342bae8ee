// An SQS that does as little as possible, in a process of its own: every call takes `latencyMs` and is counted. Queues
// have an endless supply while they are told to; what is sent comes out again. Spoken to by its parent over IPC.
import { hash } from 'node:crypto';
import { createServer } from 'node:http';
import { now } from '../lib/clock.mjs';
import { bodyOf, FILLER } from '../lib/message.mjs';

const ACCOUNT = '000000000000';
/** AWS's receipt handles have about 400 characters. */
const HANDLE_TAIL = 'AQEB'.repeat(96);
const JSON_TYPE = { 'Content-Type': 'application/x-amz-json-1.0' };

let latencyMs = 10;
let endpoint = '';
let counts = {};
let queues = new Map();
/** Pushed messages that are not deleted yet: their handle and when they were delivered. */
const delivered = new Map();
let settleMs = [];

class Queue {
  constructor(name) {
    this.name = name;
    this.fifo = name.endsWith('.fifo');
    this.supplied = false;
    /** So many more of its supply are delivered. */
    this.left = Infinity;
    this.onDelete = undefined;
    this.text = FILLER;
    this.sequence = 0;
    /** Pushed and sent. */
    this.ready = [];
    /** Receives that wait for a message. */
    this.waiting = new Set();
    /** FIFO: groups that may be delivered from, and how many of a group are in flight. */
    this.groups = [];
    this.locked = new Map();
  }

  supply(groups, bytes) {
    this.supplied = true;
    this.text = 'x'.repeat(bytes);
    for (let index = 0; index < groups; index += 1) this.groups.push({ id: `g${index}`, next: 0 });
    this.serve();
  }

  push(body) {
    this.ready.push({ body, handle: `p${(this.sequence += 1)}.` });
    this.serve();
  }

  take(most) {
    if (this.ready.length > 0) return this.ready.splice(0, most);
    if (!this.supplied) return [];
    if (this.fifo) return this.takeFromGroup(most);
    const messages = [];
    for (let count = Math.min(most, this.left); count > 0; count -= 1) {
      const n = (this.sequence += 1);
      messages.push({ body: bodyOf(n, now(), '', 0, this.text), handle: `n${n}.` });
    }
    this.left -= messages.length;
    return messages;
  }

  /**
   * Delivers `count` more messages, and no others. Resolves once all are deleted and the answers are out, to the rate at
   * which the middle eight tenths were: `{ perSecond }`.
   */
  portion(count) {
    const edge = Math.ceil(count / 10);
    let deleted = 0;
    let from = 0;
    let to = 0;
    return new Promise(resolve => {
      this.onDelete = () => {
        deleted += 1;
        if (deleted === edge) from = now();
        else if (deleted === count - edge) to = now();
        else if (deleted === count) {
          const perSecond = ((count - 2 * edge) / (to - from)) * 1_000;
          setTimeout(resolve, 2 * latencyMs, { perSecond });
        }
      };
      Object.assign(this, { supplied: true, left: count });
      this.serve();
    });
  }

  /** As many of one group as there may be, as AWS does; the group is locked until all of them are deleted. */
  takeFromGroup(most) {
    const group = this.groups.shift();
    if (!group) return [];
    const messages = [];
    for (let count = 0; count < most; count += 1) {
      const n = (this.sequence += 1);
      const position = group.next++;
      messages.push({
        body: bodyOf(n, now(), group.id, position, this.text),
        handle: `f${n}.${group.id}.`,
        group: group.id,
      });
    }
    this.locked.set(group.id, { group, count: most });
    return messages;
  }

  delete(handle) {
    this.onDelete?.();
    if (handle.startsWith('f')) {
      const lock = this.locked.get(handle.split('.', 2)[1]);
      if (!lock || (lock.count -= 1) > 0) return;
      this.locked.delete(lock.group.id);
      this.groups.push(lock.group);
      this.serve();
    } else if (handle.startsWith('p')) {
      const at = delivered.get(`${this.name} ${handle.split('.', 1)[0]}`);
      if (at !== undefined) settleMs.push(now() - at);
    }
  }

  serve() {
    for (const waiter of this.waiting) {
      const messages = this.take(waiter.most);
      if (messages.length === 0) return;
      this.waiting.delete(waiter);
      clearTimeout(waiter.timer);
      // A call's way to SQS lies behind it already.
      waiter.answer(messages, latencyMs / 2);
    }
  }
}

function queueOf(url) {
  const name = url.slice(url.lastIndexOf('/') + 1);
  let queue = queues.get(name);
  if (!queue) queues.set(name, (queue = new Queue(name)));
  return queue;
}

const bump = (what, by = 1) => (counts[what] = (counts[what] ?? 0) + by);

function answer(response, text, delayMs = latencyMs) {
  if (delayMs === 0) send(response, text);
  else setTimeout(send, delayMs, response, text);
}

function send(response, text) {
  response.writeHead(200, { ...JSON_TYPE, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function messageJson({ body, handle, group }, n, attributes) {
  const wanted = attributes && systemAttributes(n, group, attributes);
  return `{"MessageId":"11111111-2222-4333-8444-${handle.replaceAll('.', '').padStart(12, '0')}","ReceiptHandle":"${handle}${HANDLE_TAIL}","MD5OfBody":"${hash('md5', body)}","Body":${JSON.stringify(body)}${wanted ?? ''}}`;
}

function systemAttributes(n, group, names) {
  const all = names.includes('All');
  const has = name => all || names.includes(name);
  const list = [];
  if (has('SenderId')) list.push('"SenderId":"AIDAIENQZJOLO23YVJ4VO"');
  if (has('ApproximateFirstReceiveTimestamp')) list.push(`"ApproximateFirstReceiveTimestamp":"${Date.now()}"`);
  if (has('ApproximateReceiveCount')) list.push('"ApproximateReceiveCount":"1"');
  if (has('SentTimestamp')) list.push(`"SentTimestamp":"${Date.now()}"`);
  if (group && has('MessageGroupId')) list.push(`"MessageGroupId":"${group}"`);
  if (group && has('MessageDeduplicationId')) list.push(`"MessageDeduplicationId":"d${n}"`);
  if (group && has('SequenceNumber')) list.push(`"SequenceNumber":"188${String(n).padStart(17, '0')}"`);
  return list.length === 0 ? undefined : `,"Attributes":{${list.join(',')}}`;
}

const operations = {
  ReceiveMessage(input, request, response) {
    const queue = queueOf(input.QueueUrl);
    const most = input.MaxNumberOfMessages ?? 1;
    const attributes = input.MessageSystemAttributeNames ?? input.AttributeNames;
    const reply = (messages, delayMs) => {
      bump('received', messages.length);
      const list = messages.map(message => {
        if (message.handle.startsWith('p')) {
          delivered.set(`${queue.name} ${message.handle.split('.', 1)[0]}`, now() + delayMs);
        }
        return messageJson(message, queue.sequence, attributes);
      });
      answer(response, `{"Messages":[${list.join(',')}]}`, delayMs);
    };
    const messages = queue.take(most);
    if (messages.length > 0) {
      reply(messages, latencyMs);
      return;
    }
    const waitMs = (input.WaitTimeSeconds ?? 0) * 1000;
    if (waitMs === 0) {
      bump('empty');
      answer(response, '{}');
      return;
    }
    const waiter = { most, answer: reply };
    waiter.timer = setTimeout(() => {
      queue.waiting.delete(waiter);
      bump('empty');
      answer(response, '{}');
    }, waitMs);
    queue.waiting.add(waiter);
    response.on('close', () => {
      clearTimeout(waiter.timer);
      queue.waiting.delete(waiter);
    });
  },
  DeleteMessage(input, _request, response) {
    bump('deleted');
    queueOf(input.QueueUrl).delete(input.ReceiptHandle);
    answer(response, '{}');
  },
  DeleteMessageBatch(input, _request, response) {
    const queue = queueOf(input.QueueUrl);
    bump('deleted', input.Entries.length);
    const done = input.Entries.map(({ Id, ReceiptHandle }) => {
      queue.delete(ReceiptHandle);
      return `{"Id":"${Id}"}`;
    });
    answer(response, `{"Successful":[${done.join(',')}],"Failed":[]}`);
  },
  ChangeMessageVisibility(_input, _request, response) {
    answer(response, '{}');
  },
  ChangeMessageVisibilityBatch(input, _request, response) {
    answer(response, JSON.stringify({ Successful: input.Entries.map(({ Id }) => ({ Id })), Failed: [] }));
  },
  SendMessage(input, _request, response) {
    bump('sent');
    const attributes = input.MessageAttributes && attributesMd5(input.MessageAttributes);
    answer(
      response,
      JSON.stringify({
        MessageId: String(counts.sent),
        MD5OfMessageBody: hash('md5', input.MessageBody),
        ...(attributes && { MD5OfMessageAttributes: attributes }),
      }),
    );
  },
  SendMessageBatch(input, _request, response) {
    bump('sent', input.Entries.length);
    const done = input.Entries.map(
      ({ Id, MessageBody }) => `{"Id":"${Id}","MessageId":"${Id}","MD5OfMessageBody":"${hash('md5', MessageBody)}"}`,
    );
    answer(response, `{"Successful":[${done.join(',')}],"Failed":[]}`);
  },
  GetQueueUrl(input, _request, response) {
    answer(response, JSON.stringify({ QueueUrl: `${endpoint}/${ACCOUNT}/${input.QueueName}` }));
  },
  GetQueueAttributes(_input, _request, response) {
    answer(response, JSON.stringify({ Attributes: { VisibilityTimeout: '30', MaximumMessageSize: '1048576' } }));
  },
};

/** Optional in SQS's answer, and checked by nobody here. */
const attributesMd5 = () => undefined;

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => {
    const operation = String(request.headers['x-amz-target']).slice('AmazonSQS.'.length);
    const run = operations[operation];
    bump(`call ${operation}`);
    if (!run) {
      const text = JSON.stringify({ __type: 'UnsupportedOperation', message: operation });
      response.writeHead(400, JSON_TYPE).end(text);
      return;
    }
    const input = JSON.parse(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    run(input, request, response);
  });
});

const commands = {
  reset(options) {
    latencyMs = options.latencyMs;
    for (const queue of queues.values()) for (const waiter of queue.waiting) clearTimeout(waiter.timer);
    queues = new Map();
    counts = {};
    settleMs = [];
    delivered.clear();
    server.closeAllConnections();
  },
  supply: ({ queue, groups = 0, bytes = FILLER.length }) => queueOf(queue).supply(groups, bytes),
  portion: ({ queue, count }) => queueOf(queue).portion(count),
  push({ queue, group = '' }) {
    const target = queueOf(queue);
    target.push(bodyOf(target.sequence + 1, now(), group, 0));
  },
  /** Pushes at `perSecond` until `stopFlow`. */
  flow({ queue, perSecond }) {
    const target = queueOf(queue);
    const startedAt = now();
    let pushed = 0;
    this.flowing = setInterval(() => {
      const due = Math.floor(((now() - startedAt) * perSecond) / 1000);
      for (; pushed < due; pushed += 1) target.push(bodyOf(target.sequence + 1, now(), '', 0));
    }, 1);
  },
  stopFlow() {
    clearInterval(this.flowing);
  },
  counts: () => ({ ...counts, settleMs: [...settleMs] }),
};

async function obey({ id, command, options = {} }) {
  const result = await commands[command](options);
  process.send({ id, result: result ?? null });
}

process.on('message', message => void obey(message));
process.on('disconnect', () => process.exit(0));

server.listen(0, '127.0.0.1', () => {
  endpoint = `http://127.0.0.1:${server.address().port}`;
  process.send({ ready: { endpoint, filler: FILLER.length } });
});
