// Serves the files of an example's page.
import { stripTypeScriptTypes } from "node:module";

const ROOT = new URL("..", import.meta.url);

/**
 * Answers with a file of this repository; of TypeScript the types are erased, so that a browser takes it as it is.
 *
 * @param path Where it is, from the repository's root on, beginning with a slash; checked by the caller.
 * @param type Its media type.
 * @returns The file, or 404.
 */
export async function pageFile(path: string, type: string): Promise<Response> {
  let text: string;
  try {
    text = await Deno.readTextFile(new URL(`.${path}`, ROOT));
  } catch {
    return new Response("Not found\n", { status: 404 });
  }
  return new Response(
    path.endsWith(".ts") ? stripTypeScriptTypes(text) : text,
    {
      headers: {
        "content-type": `${type}; charset=utf-8`,
        "cache-control": "no-cache",
      },
    },
  );
}
