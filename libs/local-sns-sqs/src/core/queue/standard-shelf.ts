import { LinkedList } from '../linked-list.js';
import type { Message } from '../message.js';
import type { Shelf } from './shelf.js';

/** A tenant is noisy with more than that share of the messages in flight, and at least so many (sqs-fair-queues-detailed). */
const NOISY_SHARE = 0.1;
const NOISY_MESSAGES = 30;
/** One that sends nothing for so long is quiet again (sqs-fair-queues-detailed). */
const QUIET_AFTER_MS = 5 * 60 * 1000;

/** The messages of one MessageGroupId. */
interface Tenant {
  readonly id: string;
  /** How many of it are in the queue; of these, how many may be received, and how many are in flight. */
  messages: number;
  waiting: number;
  inFlight: number;
  lastSentAt: number;
  /** Its messages that wait, while it is noisy; those of quiet tenants wait together. */
  backlog: LinkedList<Message> | undefined;
}

/**
 * Best-effort order: first in, first out, and a message that returns queues up behind the others. While a tenant is
 * noisy the messages of the others come first; of several noisy ones, the one with the fewest in flight. A message
 * without a group is a tenant of its own, and never noisy.
 */
export class StandardShelf implements Shelf {
  private readonly ready = new LinkedList<Message>();
  private readonly tenants = new Map<string, Tenant>();
  private readonly noisy = new Set<Tenant>();
  private inFlight = 0;

  get hasReady(): boolean {
    return this.ready.size > 0 || this.noisy.size > 0;
  }

  get first(): Message | undefined {
    return this.ready.first ?? this.calmest()?.backlog?.first;
  }

  /** Moves some of the first messages behind the others. */
  shuffle(random: () => number): void {
    const some = Math.min(this.ready.size, 20);
    for (let count = 0; count < some; count++) {
      const message = this.ready.shift();
      if (!message) return;
      if (random() < 0.5) this.ready.push(message);
      else this.ready.insertBefore(message, this.ready.first);
    }
  }

  add(message: Message): void {
    const tenant = this.tenantOf(message, true);
    if (tenant) {
      tenant.messages++;
      tenant.lastSentAt = message.sentAt;
    }
    if (message.state === 'ready') this.wait(message, tenant);
  }

  addInFlight(message: Message): void {
    const tenant = this.tenantOf(message, true);
    this.inFlight++;
    if (!tenant) return;
    tenant.messages++;
    tenant.inFlight++;
    tenant.lastSentAt = message.sentAt;
  }

  release(message: Message): void {
    const tenant = this.tenantOf(message);
    if (message.state === 'inFlight') this.landed(tenant);
    message.state = 'ready';
    this.wait(message, tenant);
  }

  take(max: number, admit: (message: Message) => boolean, now: number): Message[] {
    const taken: Message[] = [];
    if (this.noisy.size > 0) this.forgive(now);
    while (taken.length < max) {
      const { first } = this;
      if (!first) break;
      if (!admit(first)) continue;
      const tenant = this.tenantOf(first);
      this.leave(first, tenant);
      first.state = 'inFlight';
      this.inFlight++;
      taken.push(first);
      if (!tenant) continue;
      tenant.inFlight++;
      if (tenant.waiting > 0 && !tenant.backlog && this.isNoisy(tenant)) this.setApart(tenant);
    }
    return taken;
  }

  remove(message: Message): void {
    const tenant = this.tenantOf(message);
    if (message.state === 'inFlight') this.landed(tenant);
    else if (message.state === 'ready') this.leave(message, tenant);
    if (tenant && --tenant.messages === 0) this.tenants.delete(tenant.id);
  }

  private tenantOf({ content: { groupId } }: Message, make = false): Tenant | undefined {
    if (groupId === undefined) return undefined;
    let tenant = this.tenants.get(groupId);
    if (!tenant && make) {
      tenant = { id: groupId, messages: 0, waiting: 0, inFlight: 0, lastSentAt: 0, backlog: undefined };
      this.tenants.set(groupId, tenant);
    }
    return tenant;
  }

  private isNoisy({ inFlight }: Tenant): boolean {
    return inFlight >= NOISY_MESSAGES && inFlight > this.inFlight * NOISY_SHARE;
  }

  /** Of the noisy tenants. */
  private calmest(): Tenant | undefined {
    let calmest: Tenant | undefined;
    for (const tenant of this.noisy) if (!calmest || tenant.inFlight < calmest.inFlight) calmest = tenant;
    return calmest;
  }

  private wait(message: Message, tenant: Tenant | undefined): void {
    if (!tenant) return this.ready.push(message);
    if (!tenant.backlog && this.isNoisy(tenant)) this.setApart(tenant);
    (tenant.backlog ?? this.ready).push(message);
    tenant.waiting++;
  }

  private leave(message: Message, tenant: Tenant | undefined): void {
    if (tenant) tenant.waiting--;
    if (!tenant?.backlog) return this.ready.remove(message);
    tenant.backlog.remove(message);
    if (tenant.backlog.size === 0) this.makeQuiet(tenant);
  }

  private landed(tenant: Tenant | undefined): void {
    this.inFlight--;
    if (tenant) tenant.inFlight--;
  }

  /** Noisy from now on, for as long as it has a backlog. */
  private setApart(tenant: Tenant): void {
    const backlog = new LinkedList<Message>();
    for (let message = this.ready.first; message && backlog.size < tenant.waiting;) {
      const { next } = message;
      if (message.content.groupId === tenant.id) {
        this.ready.remove(message);
        backlog.push(message);
      }
      message = next;
    }
    tenant.backlog = backlog;
    this.noisy.add(tenant);
  }

  private makeQuiet(tenant: Tenant): void {
    const { backlog } = tenant;
    this.noisy.delete(tenant);
    tenant.backlog = undefined;
    let successor = this.ready.first;
    for (let message = backlog?.shift(); message; message = backlog?.shift()) {
      while (successor && successor.order < message.order) successor = successor.next;
      this.ready.insertBefore(message, successor);
    }
  }

  private forgive(now: number): void {
    for (const tenant of this.noisy) if (tenant.lastSentAt + QUIET_AFTER_MS <= now) this.makeQuiet(tenant);
  }
}
