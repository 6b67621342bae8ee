import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startMailCatcher } from '../../tools/demo/mail-catcher.mjs';
import { stopSignal } from '../../tools/demo/stop-signal.mjs';
import { randomOf } from '../support/random.mjs';
import { ServiceSlot } from './fleet.ts';
import { Ledger } from './ledger.ts';
import type { Release } from './releases.ts';
import { RestartableBroker } from './restartable-broker.ts';

const MAX_VIOLATIONS_TOLD = 20;

export type Scene = Awaited<ReturnType<typeof openScene>>;

/**
 * Where a soak plays: a folder, a broker with its ledger, a mail server, and the processes of the services. However the
 * soak ends, none of them is left, and an end without a verdict is told.
 */
export async function openScene(name: string, seed: number) {
  const random = randomOf(seed);
  const signal = stopSignal();
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  const pids = new Set<number>();
  const berths: ServiceSlot[] = [];
  let isJudged = false;
  // Redis and PostgreSQL end by themselves with who started them.
  process.on('exit', code => {
    if (isJudged) return;
    for (const berth of berths) berth.abandon();
    const why = signal.aborted ? (signal.reason as Error).message : `exit code ${code}`;
    console.error(`the soak has ended without a verdict: ${why}; what it wrote is in ${directory}`);
  });
  signal.addEventListener('abort', () => process.exit(1));
  const startedAt = Date.now();
  const broker = new RestartableBroker({ seed, random });
  const endpoint = await broker.listen();
  const mail = await startMailCatcher();
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    EFFECT_LOG: join(directory, 'effects.ndjson'),
    SMTP_URL: mail.url,
    APPS_DIR: join(import.meta.dirname, '../../apps'),
    PORT: '0',
  };
  return {
    random,
    directory,
    berths,
    startedAt,
    broker,
    endpoint,
    ledger: new Ledger(broker.core),
    mail,
    env,

    say: (text: string): void =>
      console.log(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s  ${text}`),

    /** A place for one process of a service. @param extra beside {@link env} */
    berth(
      named: string,
      app: string,
      extra: Record<string, string>,
      spared = false,
      release: Release = 1,
    ): ServiceSlot {
      const berth = new ServiceSlot({
        name: named,
        app,
        endpoint,
        env: { ...env, ...extra },
        spared,
        release,
        pids,
        signal,
      });
      berths.push(berth);
      return berth;
    },

    /** What the processes did wrong, and which are left. */
    violations(): string[] {
      const alive = [...pids].filter(isAlive);
      const left = alive.length > 0 ? [`processes are left: ${alive.join()}`] : [];
      return [...berths.flatMap(each => each.violations), ...left];
    },

    tell(violations: readonly string[]): void {
      for (const text of violations.slice(0, MAX_VIOLATIONS_TOLD)) console.error(`VIOLATION ${text}`);
    },

    /** The verdict was told. */
    end(violations: readonly string[]): never {
      isJudged = true;
      if (violations.length === 0) rmSync(directory, { recursive: true, force: true });
      else console.error(`what the soak wrote is in ${directory}`);
      process.exit(violations.length > 0 ? 1 : 0);
    },
  };
}

/** The first value that is true, or the last one when the time is over. */
export async function until<T>(condition: () => T | Promise<T>, limitMs: number, everyMs = 100): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value || Date.now() > end) return value;
    await pause(everyMs);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
