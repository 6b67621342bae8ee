const HEX: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const hex32 = (word: number): string =>
  HEX[(word >>> 24) & 255] + HEX[(word >>> 16) & 255] + HEX[(word >>> 8) & 255] + HEX[word & 255];

/** Identifiers from a seed: the same calls in the same order give the same ids. */
export class Ids {
  private state: number;
  private secret: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
    this.secret = this.word();
  }

  /** For `load` of another generator, which then gives the same ids. */
  save(): [state: number, secret: number] {
    return [this.state, this.secret];
  }

  load([state, secret]: readonly [state: number, secret: number]): void {
    this.state = state;
    this.secret = secret;
  }

  /** 32 pseudo-random bits (splitmix32). */
  word(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  uuid(): string {
    const a = hex32(this.word());
    const b = hex32((this.word() & 0xffff0fff) | 0x4000);
    const c = hex32((this.word() & 0x3fffffff) | 0x80000000);
    const d = hex32(this.word());
    return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`;
  }

  /** A check value that only this generator can make for these numbers. */
  seal(a: number, b: number, c: number): string {
    let left = this.secret ^ Math.imul(a, 0x9e3779b1);
    left = Math.imul(left ^ (left >>> 15) ^ b, 0x85ebca77);
    left = Math.imul(left ^ (left >>> 13) ^ c, 0xc2b2ae3d);
    const right = Math.imul(left ^ (left >>> 16) ^ this.secret, 0x27d4eb2f);
    return hex32((left ^ (left >>> 16)) >>> 0) + hex32((right ^ (right >>> 15)) >>> 0);
  }
}
