import { AsyncLocalStorage } from 'node:async_hooks';
import { Socket } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Calls that end by themselves, and the channel of a worker. */
const PASSING =
  /^(CloseReq|FSReq|GetAddrInfoReq|Immediate|MessagePort|PipeWrap|RandomBytes|ShutdownWrap|TCPConnectWrap|TTYWrap|WriteWrap)/;
const LOOK_EVERY_MS = 20;
/** Of the code that opened a socket. */
const FRAMES = 4;

/** How many there are of each kind of resource that keeps this process alive. What was `unref`ed does not count. */
export function livingResources() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!PASSING.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

const beyond = before =>
  [...livingResources()].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });

/** What is more than `before`, once it has had up to `graceMs` to end: such as `['1 Timeout']`. */
export async function leftBeyond(before, graceMs) {
  const endsAt = performance.now() + graceMs;
  let left = beyond(before);
  while (left.length > 0 && performance.now() < endsAt) {
    await sleep(LOOK_EVERY_MS, undefined, { ref: false });
    left = beyond(before);
  }
  return left;
}

/** The spec for which code runs, also where a timer of it runs during a later spec. */
const specs = new AsyncLocalStorage();
/** On a socket, who opened it. A spec that loads this module has one of its own, and sees the same sockets. */
const OPENER = Symbol.for('living-resources: opener');
let isWatching = false;

/** From now on every socket that is opened has its spec, and the place that opened it. For the rest of this async context. */
export function watchSockets(spec) {
  specs.enterWith(spec);
  if (isWatching) return;
  isWatching = true;
  const connect = Reflect.get(Socket.prototype, 'connect');
  Socket.prototype.connect = function (...args) {
    // Its stack is made only when it is asked for.
    this[OPENER] = { spec: specs.getStore(), at: new Error('opened here') };
    return Reflect.apply(connect, this, args);
  };
}

/** Every socket of this process that is open: its two ends, its state, and who opened it. */
export function openSockets() {
  return process
    ._getActiveHandles()
    .filter(handle => handle instanceof Socket && (handle.connecting || handle.remotePort !== undefined))
    .map(told);
}

function told(socket) {
  const { localAddress, localPort, remoteAddress, remotePort, connecting, bytesRead, bytesWritten } = socket;
  const ends = connecting ? 'connecting' : `${localAddress}:${localPort} to ${remoteAddress}:${remotePort}`;
  const opener = socket[OPENER];
  const by = opener ? `opened for ${basename(opener.spec ?? 'no spec')} by ${placeOf(opener.at)}` : 'of a server here';
  return `${ends}, ${bytesRead} bytes read, ${bytesWritten} written, ${by}`;
}

function placeOf(error) {
  const frames = error.stack
    .split('\n')
    .filter(line => /^\s+at /.test(line) && !/node:|living-resources\.mjs/.test(line));
  return frames
    .slice(0, FRAMES)
    .map(line => line.trim().replace(/\(?(file:\/\/)?\/\S*?\/(?=node_modules|libs|test|apps)/, '('))
    .join(' ');
}
