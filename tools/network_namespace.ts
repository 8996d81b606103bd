/**
 * Two network namespaces with a cable between them, for tests that need the kernel's own queues (tbf) and losses (nft). It needs
 * root, Linux and iproute2, and nft for losses; {@linkcode NetworkNamespaces.whyNot} tells what is missing.
 *
 * @module
 */

/** One end of the cable. */
export type NamespaceSide = "left" | "right";

/** A bottleneck for what an end sends. */
export interface Bottleneck {
  /** How fast it is: above 0. */
  readonly bytesPerSecond: number;
  /** How much waits before it: 2000 or more. What does not fit is dropped. */
  readonly queueBytes: number;
  /**
   * How much passes at once after a pause: 1600 or more.
   *
   * @default {5000}
   */
  readonly burstBytes?: number;
}

const DEFAULT_BURST_BYTES = 5_000;
/** Losses are drawn from so many numbers. */
const LOSS_PARTS = 10_000;

/**
 * Two namespaces. What runs in one reaches the other at its address only over the cable.
 *
 * @example A slow line
 * ```ts ignore
 * await using namespaces = await NetworkNamespaces.open();
 * await namespaces.limit("left", { bytesPerSecond: 625_000, queueBytes: 262_144 });
 * const command = namespaces.command("right", ["deno", "run", "-A", "server.ts"]);
 * await using server = command.spawn();
 * ```
 */
export class NetworkNamespaces {
  readonly #names: Record<NamespaceSide, string>;

  private constructor(names: Record<NamespaceSide, string>) {
    this.#names = names;
  }

  /**
   * Tells whether namespaces can be opened here, by opening them.
   *
   * @returns `undefined` if they can; otherwise what is missing, for people.
   */
  static async whyNot(): Promise<string | undefined> {
    if (Deno.build.os !== "linux") return "not here: needs Linux";
    if (Deno.uid() !== 0) return "not here: needs root";
    try {
      await using namespaces = await NetworkNamespaces.open();
      await namespaces.limit("left", { bytesPerSecond: 1e6, queueBytes: 1e5 });
      return undefined;
    } catch {
      return "not here: needs iproute2, namespaces and tbf";
    }
  }

  /**
   * Tells whether {@linkcode NetworkNamespaces.lose} works here.
   *
   * @returns `undefined` if it does; otherwise what is missing, for people.
   */
  static async whyNoLosses(): Promise<string | undefined> {
    const reason = await NetworkNamespaces.whyNot();
    if (reason !== undefined) return reason;
    try {
      await using namespaces = await NetworkNamespaces.open();
      await namespaces.lose("left", 0.5);
      return undefined;
    } catch {
      return "not here: needs nft";
    }
  }

  /**
   * Opens both.
   *
   * @returns The namespaces, with nothing running in them.
   * @throws {Error} If the system refuses.
   */
  static async open(): Promise<NetworkNamespaces> {
    const id = crypto.randomUUID().slice(0, 8);
    const names = { left: `tickwire-${id}-l`, right: `tickwire-${id}-r` };
    const namespaces = new NetworkNamespaces(names);
    try {
      for (const name of [names.left, names.right]) {
        await run("ip", "netns", "add", name);
      }
      await namespaces.#connect();
    } catch (error) {
      await namespaces[Symbol.asyncDispose]();
      throw error;
    }
    return namespaces;
  }

  /**
   * The address of an end.
   *
   * @param side Which.
   * @returns An IPv4 address that the other end reaches.
   */
  address(side: NamespaceSide): string {
    return side === "left" ? "10.231.0.1" : "10.231.0.2";
  }

  /**
   * Puts a bottleneck behind an end, in place of the one before.
   *
   * @param side Whose sending it limits.
   * @param bottleneck How fast it is, and its queue.
   * @throws {Error} If the system refuses.
   */
  async limit(side: NamespaceSide, bottleneck: Bottleneck): Promise<void> {
    const { bytesPerSecond, queueBytes, burstBytes = DEFAULT_BURST_BYTES } =
      bottleneck;
    await run(
      "tc",
      ...["-n", this.#names[side], "qdisc", "replace", "dev", "cable"],
      ...["root", "tbf", "rate", `${Math.round(bytesPerSecond * 8)}bit`],
      ...["burst", String(burstBytes), "limit", String(queueBytes)],
    );
  }

  /**
   * Loses a share of the UDP datagrams that come in at an end, in place of the share before.
   *
   * @param side Where.
   * @param share 0 to 1.
   * @throws {Error} If the system refuses, or there is no nft.
   */
  async lose(side: NamespaceSide, share: number): Promise<void> {
    const parts = Math.round(share * LOSS_PARTS);
    // nft refuses to compare with what is never reached.
    const match = parts >= LOSS_PARTS
      ? ""
      : `numgen random mod ${LOSS_PARTS} < ${parts}`;
    const rules = [
      "add table inet tickwire",
      "delete table inet tickwire",
      "add table inet tickwire",
      "add chain inet tickwire input { type filter hook input priority 0; }",
      `add rule inet tickwire input meta l4proto udp ${match} drop`,
    ].join("\n");
    await run("ip", "netns", "exec", this.#names[side], "nft", rules);
  }

  /**
   * What runs a command at an end.
   *
   * @param side Which.
   * @returns What goes before the command.
   */
  prefix(side: NamespaceSide): readonly string[] {
    return ["ip", "netns", "exec", this.#names[side]];
  }

  /**
   * Makes a command that runs at an end.
   *
   * @param side Which.
   * @param command The program and its arguments.
   * @param options As {@linkcode Deno.Command} takes them.
   * @returns The command.
   */
  command(
    side: NamespaceSide,
    command: readonly string[],
    options: Deno.CommandOptions = {},
  ): Deno.Command {
    const [program, ...args] = [...this.prefix(side), ...command];
    return new Deno.Command(program!, { ...options, args });
  }

  /** Removes both. What runs in them goes on without a cable: end it before. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [this.#names.left, this.#names.right]) {
      await run("ip", "netns", "delete", name).catch(() => {});
    }
  }

  async #connect(): Promise<void> {
    const { left, right } = this.#names;
    await run(
      ...["ip", "-n", left, "link", "add", "cable", "type", "veth"] as const,
      ...["peer", "name", "cable", "netns", right],
    );
    for (const side of ["left", "right"] as const) {
      const name = this.#names[side];
      const address = `${this.address(side)}/24`;
      await run("ip", "-n", name, "address", "add", address, "dev", "cable");
      for (const device of ["lo", "cable"]) {
        await run("ip", "-n", name, "link", "set", device, "up");
      }
    }
  }
}

async function run(program: string, ...args: string[]): Promise<void> {
  const command = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (success) return;
  const [reason = ""] = new TextDecoder().decode(stderr).trim().split("\n");
  throw new Error(`Cannot run ${program} ${args.join(" ")}: ${reason}`);
}
