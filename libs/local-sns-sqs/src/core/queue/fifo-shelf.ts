import { LinkedList } from '../linked-list.js';
import type { Message, MessageGroup } from '../message.js';
import type { Shelf } from './shelf.js';

class Group implements MessageGroup {
  previous: MessageGroup | undefined = undefined;
  next: MessageGroup | undefined = undefined;
  list: object | undefined = undefined;
  readonly waiting = new LinkedList<Message>();
  inFlight = 0;

  constructor(readonly id: string) {}
}

/**
 * Strict order inside a group: while any message of a group is in flight none of it is given out, and a delayed one
 * holds back those behind it. Groups that may be served wait in a list of their own, so a receive never searches.
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

  release(message: Message): void {
    const { group } = message;
    if (!group) return;
    if (message.state === 'inFlight') {
      group.inFlight--;
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
      for (let head = group.waiting.first; head && taken.length < max; head = group.waiting.first) {
        if (head.state !== 'ready') break;
        if (!admit(head)) continue;
        group.waiting.remove(head);
        group.inFlight++;
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
    if (message.state === 'inFlight') group.inFlight--;
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
    const serve = group.inFlight === 0 && group.waiting.first?.state === 'ready';
    if (serve && group.list === undefined) this.open.push(group);
    if (!serve) this.open.remove(group);
    if (group.inFlight === 0 && group.waiting.size === 0) this.groups.delete(group.id);
  }
}
