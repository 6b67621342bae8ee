import { Injectable } from '@nestjs/common';

interface Known {
  /** Undefined: the user is gone. */
  email: string | undefined;
  version: number;
}

/**
 * Where each user's mail goes. Three queues tell of it, and nothing keeps the order between queues: what is older than
 * the known version of a user changes nothing. In memory, since this is a sample: after a restart the address of the
 * command is used.
 */
@Injectable()
export class Recipients {
  private readonly known = new Map<string, Known>();
  private readonly cancelled = new Set<string>();

  set(userId: string, email: string, version: number): void {
    this.learn(userId, { email, version });
  }

  addressOf(userId: string): string | undefined {
    return this.known.get(userId)?.email;
  }

  /** The version stays, so that a late event does not bring the address back. */
  forget(userId: string, version: number): void {
    this.learn(userId, { email: undefined, version });
  }

  cancel(userId: string): void {
    this.cancelled.add(userId);
  }

  isCancelled(userId: string): boolean {
    return this.cancelled.has(userId);
  }

  private learn(userId: string, news: Known): void {
    const version = this.known.get(userId)?.version ?? 0;
    if (news.version > version) this.known.set(userId, news);
  }
}
