import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';

/** A killed process stays in the list until its parent has looked at it; Linux calls it a zombie. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.startsWith('Z', stat.lastIndexOf(')') + 2);
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Lets one process at a time have a file. That of a process that died is free. */
export class FileLock {
  /** Throws when another process has it. */
  constructor(private readonly path: string) {
    if (this.tryTake()) return;
    const pid = Number(readFileSync(path, 'utf8'));
    // A container's process has the same number as the one before it.
    if (pid > 0 && pid !== process.pid && isAlive(pid)) {
      throw new Error(`process ${pid} uses this file (${path}): stop that broker, or give another name`);
    }
    rmSync(path, { force: true });
    if (!this.tryTake()) throw new Error(`another broker has taken ${path}`);
  }

  release(): void {
    rmSync(this.path, { force: true });
  }

  private tryTake(): boolean {
    try {
      const file = openSync(this.path, 'wx');
      writeSync(file, String(process.pid));
      closeSync(file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }
}
