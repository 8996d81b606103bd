/**
 * Finds the runtimes beside Deno that the package has to load in: Node and Bun come from
 * npm into `.cache`, Chromium is the one that is installed.
 *
 * @module
 */

import { ROOT } from "./run.ts";

/** The oldest line of Node that the package supports, and Bun, by exact versions. */
const NPM_RUNTIMES = { node: "22.23.3", bun: "1.4.5" } as const;

const INSTALL_TIMEOUT_MS = 180_000;

/** A runtime's program, or why there is none. */
export type Runtime = { readonly program: string } | {
  readonly missing: string;
};

/**
 * Installs Node or Bun from npm, unless it is there already.
 *
 * @param name Which one.
 * @returns Its program.
 */
export async function installRuntime(
  name: keyof typeof NPM_RUNTIMES,
): Promise<Runtime> {
  const version = NPM_RUNTIMES[name];
  const folder = new URL(`.cache/${name}-${version}/`, ROOT);
  const program = new URL(`node_modules/.bin/${name}`, folder).pathname;
  if (await runs(program)) return { program };
  await Deno.mkdir(new URL(".cache/", ROOT), { recursive: true });
  // Another test may install it at the same time: the first one to be done moves it to its place.
  const own = await Deno.makeTempDir({
    dir: new URL(".cache/", ROOT).pathname,
    prefix: `${name}-`,
  });
  try {
    const { success, stderr } = await new Deno.Command("npm", {
      args: [
        "install",
        "--no-audit",
        "--no-fund",
        "--no-save",
        `--prefix=${own}`,
        `${name}@${version}`,
      ],
      stdin: "null",
      signal: AbortSignal.timeout(INSTALL_TIMEOUT_MS),
    }).output();
    if (success) await moveFolder(own, folder.pathname, program);
    if (success && await runs(program)) return { program };
    const lines = new TextDecoder().decode(stderr).trim().split("\n");
    return { missing: `npm cannot install ${name}: ${lines.at(-1)}` };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { missing: "npm is not installed" };
  } finally {
    await Deno.remove(own, { recursive: true }).catch(() => {});
  }
}

/** Moves a folder to where it belongs, unless one is there whose program runs. */
async function moveFolder(
  from: string,
  to: string,
  program: string,
): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch {
    if (await runs(program)) return;
    // Of an installation that was broken off.
    await Deno.remove(to, { recursive: true }).catch(() => {});
    await Deno.rename(from, to).catch(() => {});
  }
}

/**
 * Looks for Chromium: in the environment variable `CHROMIUM`, then on the `PATH`.
 *
 * @returns Its program.
 */
export async function findChromium(): Promise<Runtime> {
  const names = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
  ];
  const given = Deno.env.get("CHROMIUM");
  for (const program of given === undefined ? names : [given]) {
    if (await runs(program)) return { program };
  }
  return { missing: `none of ${given ?? names.join(", ")} runs` };
}

async function runs(program: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args: ["--version"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A page that is open in Chromium until it is disposed of. */
export class ChromiumPage {
  /** The folder of its profile. */
  readonly profile: string;
  readonly #process: Deno.ChildProcess;

  private constructor(process: Deno.ChildProcess, profile: string) {
    this.#process = process;
    this.profile = profile;
  }

  /**
   * Starts Chromium without a window and opens a page. What the page has to say it sends
   * to the server that it comes from.
   *
   * @param program The program of {@linkcode findChromium}.
   * @param url The page.
   * @param flags More flags for the program.
   * @returns The page.
   */
  static async open(
    program: string,
    url: string,
    flags: readonly string[] = [],
  ): Promise<ChromiumPage> {
    const profile = await Deno.makeTempDir();
    const process = new Deno.Command(program, {
      args: [
        "--headless",
        // The tests also run as root in a container, where there is no sandbox.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-proxy-server",
        `--user-data-dir=${profile}`,
        ...flags,
        url,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    return new ChromiumPage(process, profile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await removeWhenWritersEnd(this.profile);
  }
}

/** The processes of a killed browser may still write into its profile for a moment. */
async function removeWhenWritersEnd(folder: string): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (true) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
  }
}
