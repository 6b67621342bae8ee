/** A member of at most one list at a time; the links live in the member, so removal costs nothing. */
export interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
  list: object | undefined;
}

export class LinkedList<T extends Linked<T>> {
  first: T | undefined;
  last: T | undefined;
  size = 0;

  push(item: T): void {
    this.insertBefore(item, undefined);
  }

  insertBefore(item: T, successor: T | undefined): void {
    const previous = successor ? successor.previous : this.last;
    item.previous = previous;
    item.next = successor;
    item.list = this;
    if (previous) previous.next = item;
    else this.first = item;
    if (successor) successor.previous = item;
    else this.last = item;
    this.size++;
  }

  remove(item: T): void {
    if (item.list !== this) return;
    if (item.previous) item.previous.next = item.next;
    else this.first = item.next;
    if (item.next) item.next.previous = item.previous;
    else this.last = item.previous;
    item.previous = undefined;
    item.next = undefined;
    item.list = undefined;
    this.size--;
  }

  shift(): T | undefined {
    const { first } = this;
    if (first) this.remove(first);
    return first;
  }
}
