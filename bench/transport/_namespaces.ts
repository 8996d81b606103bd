// Two network namespaces with a bad line between them, for what is not UDP. Needs root and
// tun devices.
import { type Conditions, toArguments } from "./_conditions.ts";
import { type Command, Program, type RelayFigures } from "../_programs.ts";
import { succeeds } from "../_succeeds.ts";

/** Where the server is. */
export const SERVER_HOST = "10.213.0.2";
const CLIENT_HOST = "10.213.0.1";

/** A line between a namespace for a client and one for a server. */
export class Namespaces {
  readonly #relay: Program;
  readonly #names: readonly [string, string];

  private constructor(relay: Program, names: readonly [string, string]) {
    this.#relay = relay;
    this.#names = names;
  }

  /** Lays it; `undefined` where that is not allowed. */
  static async lay(
    tun: string,
    conditions: Conditions,
  ): Promise<Namespaces | undefined> {
    if (Deno.uid() !== 0 || !await isThere("/dev/net/tun")) return undefined;
    const names = [`twa${Deno.pid}`, `twb${Deno.pid}`] as const;
    const relay = await Program.start([
      tun,
      ...names,
      ...toArguments(conditions),
    ]);
    const laid = new Namespaces(relay, names);
    const hosts = [CLIENT_HOST, SERVER_HOST];
    for (const [i, name] of names.entries()) {
      const there = ["-n", name];
      const isDone = await ip("netns", "add", name) &&
        await ip("link", "set", name, "netns", name) &&
        await ip(
          ...there,
          "addr",
          "add",
          hosts[i]!,
          "peer",
          hosts[1 - i]!,
          "dev",
          name,
        ) &&
        await ip(...there, "link", "set", name, "up") &&
        await ip(...there, "link", "set", "lo", "up");
      if (!isDone) {
        await laid[Symbol.asyncDispose]();
        return undefined;
      }
    }
    return laid;
  }

  /** What runs at the client's end. */
  atClient(command: Command): Command {
    return ["ip", "netns", "exec", this.#names[0], ...command];
  }

  /** What runs at the server's end. */
  atServer(command: Command): Command {
    return ["ip", "netns", "exec", this.#names[1], ...command];
  }

  /** What has passed: whole IP packets. */
  relayed(): Promise<RelayFigures> {
    return this.#relay.relayed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay[Symbol.asyncDispose]();
    for (const name of this.#names) await ip("netns", "del", name);
  }
}

function ip(...args: string[]): Promise<boolean> {
  return succeeds("ip", ...args);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
