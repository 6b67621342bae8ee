// The wall clock of a service of a soak: it is set forward and back as the soak says, as that of a machine is. The
// monotonic clock (`performance.now`) goes on as it does there. As of ServiceSlot: CLOCK_OFFSET_MS at the start, a message later.

const System = Date;

/** What a process is told: how far its wall clock is from the machine's, in milliseconds. */
export interface ClockOffset {
  clockOffsetMs: number;
}

let offsetMs = Number(process.env['CLOCK_OFFSET_MS'] ?? 0);

/** The machine's own time, in milliseconds since the epoch. */
export const trueNow = System.now;
const now = (): number => System.now() + offsetMs;

const Stepped = new Proxy(System, {
  apply: () => new System(now()).toString(),
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length > 0 ? args : [now()], newTarget) as object,
  get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
});
System.prototype.constructor = Stepped;
globalThis.Date = Stepped;

const isOffset = (message: unknown): message is ClockOffset =>
  typeof message === 'object' && message !== null && 'clockOffsetMs' in message;

process.on('message', message => {
  if (isOffset(message)) offsetMs = message.clockOffsetMs;
});
