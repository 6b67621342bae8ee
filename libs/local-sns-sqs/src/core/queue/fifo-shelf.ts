import { LinkedList } from '../linked-list.js';
import type { Message, MessageGroup } from '../message.js';
import type { Shelf } from './shelf.js';

class Group implements MessageGroup {
  previous: MessageGroup | undefined = undefined;
  next: MessageGroup | undefined = undefined;
  list: object | undefined = undefined;
  readonly waiting = new LinkedList<Message>();
  readonly inFlight = new LinkedList<Message>();

  constructor(readonly id: string) {}
}

/** Whether the first that waits may go, with `inFlight` the earliest of its group that is in flight. */
function mayLeave(head: Message, inFlight: Message | undefined): boolean {
  return head.state === 'ready' && (inFlight === undefined || head.order < inFlight.order);
}

/**
 * The order inside a group (sqs-visibility-timeout: "subsequent messages"): a message is not given out while an earlier
 * one of its group is in flight or delayed; a later one in flight does not hold it back. One receive may carry several
 * of one group, in order. Groups that may be served wait in a list of their own, so a receive never searches.
 */
export class FifoShelf implements Shelf {
  private readonly groups = new Map<string, Group>();
  private readonly open = new LinkedList<MessageGroup>();

  get hasReady(): boolean {
    return this.open.size > 0;
  }

  get first(): Message | undefined {
    return this.open.first?.waiting.first;
  }

  add(message: Message): void {
    const group = this.groupOf(message.content.groupId ?? '');
    message.group = group;
    this.insert(group, message);
    this.update(group);
  }

  addInFlight(message: Message): void {
    const group = this.groupOf(message.content.groupId ?? '');
    message.group = group;
    group.inFlight.push(message);
    this.update(group);
  }

  release(message: Message): void {
    const { group } = message;
    if (!group) return;
    if (message.state === 'inFlight') {
      group.inFlight.remove(message);
      this.insert(group, message);
    }
    message.state = 'ready';
    this.update(group);
  }

  take(max: number, admit: (message: Message) => boolean): Message[] {
    const taken: Message[] = [];
    while (taken.length < max) {
      const group = this.open.first;
      if (!group) break;
      this.open.remove(group);
      const { waiting, inFlight } = group;
      const later = inFlight.first;
      for (let head = waiting.first; head && taken.length < max; head = waiting.first) {
        if (!mayLeave(head, later)) break;
        if (!admit(head)) continue;
        waiting.remove(head);
        inFlight.insertBefore(head, later);
        head.state = 'inFlight';
        taken.push(head);
      }
      this.update(group);
    }
    return taken;
  }

  remove(message: Message): void {
    const { group } = message;
    if (!group) return;
    if (message.state === 'inFlight') group.inFlight.remove(message);
    else group.waiting.remove(message);
    message.group = undefined;
    this.update(group);
  }

  private groupOf(id: string): Group {
    let group = this.groups.get(id);
    if (!group) {
      group = new Group(id);
      this.groups.set(id, group);
    }
    return group;
  }

  /** New messages go last; returned ones are older than all that wait, but for others that returned. */
  private insert(group: MessageGroup, message: Message): void {
    const { waiting } = group;
    if (!waiting.last || waiting.last.order < message.order) return waiting.push(message);
    let successor = waiting.first;
    while (successor && successor.order < message.order) successor = successor.next;
    waiting.insertBefore(message, successor);
  }

  private update(group: MessageGroup): void {
    const { waiting, inFlight } = group;
    const serve = waiting.first !== undefined && mayLeave(waiting.first, inFlight.first);
    if (serve && group.list === undefined) this.open.push(group);
    if (!serve) this.open.remove(group);
    if (inFlight.size === 0 && waiting.size === 0) this.groups.delete(group.id);
  }
}
