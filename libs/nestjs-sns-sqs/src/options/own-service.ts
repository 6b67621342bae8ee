import { randomBytes } from 'node:crypto';

/** Which services this process is, as far as its servers and clients say. */
interface Known {
  /** By service, how many servers and clients that say so are open. */
  services: Map<string, number>;
  /** What stands for a name that nobody gave; the same for the whole process, and no other's. */
  unknown: string | undefined;
  /** How often a service was announced or taken back. */
  changes: number;
}

/** `Symbol.for`: the ESM and the CJS build share it. */
const KNOWN = Symbol.for('nestjs-sns-sqs.own-services');

function known(): Known {
  const shared = globalThis as { [KNOWN]?: Known };
  return (shared[KNOWN] ??= { services: new Map(), unknown: undefined, changes: 0 });
}

/** A server or client says which service this process is. The function that it returns takes that back; idempotent. */
export function announceService(service: string): () => void {
  const state = known();
  const { services } = state;
  services.set(service, (services.get(service) ?? 0) + 1);
  state.changes += 1;
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    services.set(service, (services.get(service) ?? 1) - 1);
    state.changes += 1;
  };
}

/** The only service of this process; while everything is closed, the only one that there was. Undefined: none or several. */
function onlyService(): string | undefined {
  const all = [...known().services];
  const open = all.filter(([, count]) => count > 0);
  const candidates = open.length > 0 ? open : all;
  return candidates.length === 1 ? candidates[0]?.[0] : undefined;
}

/** A server or client of this process that is open says that this process is the service. */
export const isOwnService = (service: string): boolean => (known().services.get(service) ?? 0) > 0;

/**
 * The `source` of a client that was given none: OTEL_SERVICE_NAME, else this process's only service; undefined where
 * none is known. Ask when there is something to send: clients may be made before the server.
 */
export const knownSource = (): string | undefined => process.env['OTEL_SERVICE_NAME'] || onlyService();

/** Differs as soon as {@link knownSource} may give another answer: asking it for each message would cost as much as writing one. */
export const serviceChanges = (): number => known().changes;

/** Where no name is known: one that no other process has. `warn` is called once in a process. */
export function unknownSource(warn: (text: string) => void): string {
  const state = known();
  if (state.unknown === undefined) {
    state.unknown = `unknown_service:${randomBytes(6).toString('hex')}`;
    warn(
      `The name of this service is not known. Its commands carry the source ${state.unknown}, which changes at every start: a command that is repeated after a restart is not recognised as a duplicate. Remedy: set the option \`source\`, or the environment variable OTEL_SERVICE_NAME.`,
    );
  }
  return state.unknown;
}
