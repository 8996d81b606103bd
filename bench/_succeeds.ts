/** Whether a program is there and exits with 0; what it prints is dropped. */
export async function succeeds(
  program: string,
  ...args: string[]
): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args,
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
