/** AsyncAPI: keys of components are of these characters. */
const REFUSED = /[^A-Za-z0-9._-]+/g;

/** A key for a name, and another one for each other name. */
export class ComponentKeys {
  private readonly names = new Map<string, string>();

  of(name: string): string {
    const plain = name.replace(REFUSED, '_') || '_';
    let key = plain;
    for (let count = 2; (this.names.get(key) ?? name) !== name; count += 1) key = `${plain}-${count}`;
    this.names.set(key, name);
    return key;
  }
}
