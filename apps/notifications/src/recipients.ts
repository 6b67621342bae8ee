import { Injectable } from '@nestjs/common';

/**
 * Where each user's mail goes. In memory, since this is a sample: after a restart the address of the command is used.
 */
@Injectable()
export class Recipients {
  private readonly addresses = new Map<string, string>();
  private readonly cancelled = new Set<string>();

  set(userId: string, email: string): void {
    this.addresses.set(userId, email);
  }

  addressOf(userId: string): string | undefined {
    return this.addresses.get(userId);
  }

  forget(userId: string): void {
    this.addresses.delete(userId);
  }

  cancel(userId: string): void {
    this.cancelled.add(userId);
  }

  isCancelled(userId: string): boolean {
    return this.cancelled.has(userId);
  }
}
