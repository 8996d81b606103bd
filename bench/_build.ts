// Builds the peers in C, where there is a compiler and what they need.
import { ROOT } from "../tools/run.ts";
import { succeeds } from "./_succeeds.ts";

/** Programs in C by name: the file under bench/peers/, then what gcc is told besides. */
export type Sources<Name extends string> = Readonly<
  Record<Name, readonly string[]>
>;

/** The programs that could be built, by path; what is missing is not here. */
export type Built<Name extends string> = {
  readonly [name in Name]?: string;
};

/**
 * Builds what can be built, into a folder that nobody commits, unless it is newer than its
 * source and the headers.
 */
export async function build<Name extends string>(
  sources: Sources<Name>,
  headers: readonly string[],
): Promise<Built<Name>> {
  const folder = new URL(".cache/peers/", ROOT);
  await Deno.mkdir(folder, { recursive: true });
  const headersMs = await newestMs(headers);
  const built: { [name in Name]?: string } = {};
  for (const name of Object.keys(sources) as Name[]) {
    const [source, ...libraries] = sources[name];
    const path = new URL(name, folder).pathname;
    const from = new URL(`bench/peers/${source}`, ROOT).pathname;
    const args = ["-O2", "-o", path, from, ...libraries];
    const sourceMs = Math.max(headersMs, await newestMs([source]));
    if (await changedMs(path) > sourceMs || await succeeds("gcc", ...args)) {
      built[name] = path;
    }
  }
  return built;
}

function newestMs(sources: readonly (string | undefined)[]): Promise<number> {
  const paths = sources.map((it) =>
    new URL(`bench/peers/${it}`, ROOT).pathname
  );
  return Promise.all(paths.map(changedMs)).then((all) => Math.max(...all));
}

/** When a file was changed; 0 if there is none. */
async function changedMs(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
