// How long the compiler takes for a contract of 200 calls and code that uses each of them.
import { largeContract } from "../../rpc/contract/_testing/large_contract.ts";
import { atMost, median, type Row, type Section } from "../_report.ts";

const CONFIG = new URL("../../deno.json", import.meta.url);
const CALLS = 200;
const BAR_SECONDS = 3;

export async function measureTypeCheck(isSmoke: boolean): Promise<Section> {
  const counts = [4, CALLS];
  const seconds = new Map<number, number[]>(counts.map((count) => [count, []]));
  const folder = await Deno.makeTempDir();
  try {
    for (let round = 0; round < (isSmoke ? 1 : 5); round++) {
      for (const count of counts) {
        // Another text each time: what was checked once is not checked again.
        const text = `${largeContract(count)}// ${crypto.randomUUID()}\n`;
        seconds.get(count)!.push(await check(`${folder}/game.ts`, text));
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const rows = counts.map((count): Row => ({
    name: `${count} calls`,
    "s p50": median(seconds.get(count)!),
    "least": Math.min(...seconds.get(count)!),
  }));
  return {
    title: "rpc: type checking",
    notes: [
      "`deno check` of a contract and of code that uses each call, the start of the compiler and the checking of this package included.",
    ],
    rows,
    bars: [
      atMost(
        `check ${CALLS} calls`,
        BAR_SECONDS,
        median(seconds.get(CALLS)!),
        "s",
      ),
    ],
  };
}

async function check(path: string, text: string): Promise<number> {
  await Deno.writeTextFile(path, text);
  const startMs = performance.now();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--config", CONFIG.pathname, path],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const seconds = (performance.now() - startMs) / 1_000;
  if (!success) {
    throw new Error(
      `Cannot measure as the contract must be right: ${
        new TextDecoder().decode(stderr)
      }`,
    );
  }
  return seconds;
}
