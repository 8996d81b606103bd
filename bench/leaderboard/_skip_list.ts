// A skip list with the widths of its links, as rank servers commonly have one: William Pugh, "Skip
// Lists: A Probabilistic Alternative to Balanced Trees", 1990, and "A Skip List Cookbook", 1990.
import { type PlayerId, SeededRandom } from "../../core/mod.ts";

const LEVELS = 32;

class Node {
  readonly score: number;
  readonly sequence: number;
  readonly next: (Node | undefined)[];
  /** How many places each link goes on. */
  readonly widths: number[];

  constructor(score: number, sequence: number, levels: number) {
    this.score = score;
    this.sequence = sequence;
    this.next = new Array(levels).fill(undefined);
    this.widths = new Array(levels).fill(0);
  }
}

export class SkipList {
  readonly #random = new SeededRandom(1);
  readonly #head = new Node(Infinity, 0, LEVELS);
  readonly #byId = new Map<PlayerId, Node>();
  readonly #path: Node[] = new Array(LEVELS).fill(this.#head);
  readonly #places: number[] = new Array(LEVELS).fill(0);
  #levels = 1;
  #size = 0;

  set(id: PlayerId, score: number, sequence: number): void {
    const before = this.#byId.get(id);
    if (before !== undefined) this.#remove(before);
    const node = new Node(score, sequence, this.#randomLevels());
    this.#insert(node);
    this.#byId.set(id, node);
  }

  rankOf(id: PlayerId): number {
    const node = this.#byId.get(id);
    return node === undefined ? 0 : this.#find(node) + 1;
  }

  /** Writes the path to what is last before the node; returns how many that are. */
  #find(node: Node): number {
    let at = this.#head;
    let place = 0;
    for (let level = this.#levels - 1; level >= 0; level--) {
      let next = at.next[level];
      while (next !== undefined && isBefore(next, node)) {
        place += at.widths[level]!;
        at = next;
        next = at.next[level];
      }
      this.#path[level] = at;
      this.#places[level] = place;
    }
    return place;
  }

  #insert(node: Node): void {
    const place = this.#find(node);
    const { length } = node.next;
    for (; this.#levels < length; this.#levels++) {
      this.#path[this.#levels] = this.#head;
      this.#places[this.#levels] = 0;
      this.#head.widths[this.#levels] = this.#size + 1;
    }
    for (let level = 0; level < this.#levels; level++) {
      const before = this.#path[level]!;
      if (level >= length) {
        before.widths[level]!++;
        continue;
      }
      const done = place - this.#places[level]!;
      node.next[level] = before.next[level];
      node.widths[level] = before.widths[level]! - done;
      if (level === 0) node.widths[0] = 1;
      before.next[level] = node;
      before.widths[level] = done + 1;
    }
    this.#size++;
  }

  #remove(node: Node): void {
    this.#find(node);
    for (let level = 0; level < this.#levels; level++) {
      const before = this.#path[level]!;
      if (before.next[level] === node) {
        before.next[level] = node.next[level];
        before.widths[level]! += node.widths[level]! - 1;
      } else {
        before.widths[level]!--;
      }
    }
    this.#size--;
  }

  #randomLevels(): number {
    let levels = 1;
    while (levels < LEVELS && this.#random.nextU32() % 4 === 0) levels++;
    return levels;
  }
}

function isBefore(a: Node, b: Node): boolean {
  return a.score > b.score || (a.score === b.score && a.sequence < b.sequence);
}
