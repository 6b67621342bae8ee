import { Injectable, Logger } from '@nestjs/common';

export interface DirectoryEntry {
  email: string;
  name: string;
  version: number;
}

/**
 * The users as this service knows them, built from their events: a projection. It checks no versions, since the inbox
 * gives it each user's events once and in their order. In memory, since this is a sample.
 */
@Injectable()
export class UserDirectory {
  private readonly logger = new Logger('directory');
  private readonly entries = new Map<string, DirectoryEntry>();

  add(userId: string, entry: DirectoryEntry): void {
    this.entries.set(userId, entry);
    this.logger.log(`${entry.name} <${entry.email}>, version ${entry.version}`);
  }

  /** A user who registered before this process started is known from now on, without a name. */
  move(userId: string, email: string, version: number): void {
    this.add(userId, { name: this.find(userId)?.name ?? 'unknown', email, version });
  }

  remove(userId: string, version: number): void {
    this.logger.log(`${this.find(userId)?.name ?? 'unknown'} left, version ${version}`);
    this.entries.delete(userId);
  }

  find(userId: string): DirectoryEntry | undefined {
    return this.entries.get(userId);
  }
}
