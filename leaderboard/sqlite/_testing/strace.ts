// System calls of a process, by strace from the PATH.

/** Why there is none, for a test's name; "" if there is one. */
export async function whyNoStrace(): Promise<string> {
  try {
    const { success } = await new Deno.Command("strace", {
      args: ["-f", "-o", "/dev/null", "true"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success ? "" : " (strace may not trace here)";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return " (strace is not installed)";
  }
}
