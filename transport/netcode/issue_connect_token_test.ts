import {
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { openPrivateToken, type PrivateToken } from "./_private_token.ts";
import { type ConnectToken, parseConnectToken } from "./connect_token.ts";
import {
  issueConnectToken,
  type IssueConnectTokenOptions,
} from "./issue_connect_token.ts";

const NEVER = 0xffff_ffff_ffff_ffffn;
const OPTIONS: IssueConnectTokenOptions = {
  protocolId: 0x1122_3344_5566_7788n,
  privateKey: new Uint8Array(32).fill(9),
  clientId: NEVER,
  addresses: ["203.0.113.7:40000", "[2001:DB8:0::7]:40001"],
};

function issue(
  changes: Partial<IssueConnectTokenOptions> = {},
): { readonly token: ConnectToken; readonly inner: PrivateToken } {
  const options = { ...OPTIONS, ...changes };
  const token = parseConnectToken(issueConnectToken(options));
  const inner = openPrivateToken(
    token.privateData,
    token.nonce,
    options.protocolId,
    token.expireSeconds,
    [options.privateKey],
  );
  if (typeof inner === "string") throw new Error(inner);
  return { token, inner };
}

Deno.test("issueConnectToken() tells client and server the same", () => {
  const clock = new ManualClock({ epochMs: 1_764_000_000_999 });
  const { token, inner } = issue({ clock });
  assertEquals(token.protocolId, OPTIONS.protocolId);
  assertEquals(token.createSeconds, 1_764_000_000n);
  assertEquals(token.expireSeconds, 1_764_000_030n);
  assertEquals([token.timeoutSeconds, inner.timeoutSeconds], [5, 5]);
  const addresses = ["203.0.113.7:40000", "[2001:db8::7]:40001"];
  assertEquals([token.addresses, inner.addresses], [addresses, addresses]);
  assertEquals(token.clientToServerKey, inner.clientToServerKey);
  assertEquals(token.serverToClientKey, inner.serverToClientKey);
  assertEquals([inner.clientId, inner.userData], [NEVER, new Uint8Array(256)]);
});

Deno.test("issueConnectToken() has fresh keys and a fresh nonce for each token", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const { token } = issue();
    for (
      const secret of [
        token.nonce,
        token.clientToServerKey,
        token.serverToClientKey,
      ]
    ) {
      assertEquals(secret.every((byte) => byte === 0), false);
      seen.add(secret.subarray(0, 24).join());
    }
  }
  assertEquals(seen.size, 60);
});

Deno.test("issueConnectToken() makes the same token of the same clock and random", () => {
  const made = (seed: number): Uint8Array =>
    issueConnectToken({
      ...OPTIONS,
      clock: new ManualClock({ epochMs: 5_000 }),
      random: new SeededRandom(seed),
    });
  assertEquals(made(1), made(1));
  assertNotEquals(made(1), made(2));
});

Deno.test("issueConnectToken() fills user data up with zeros", () => {
  const { inner } = issue({ userData: new Uint8Array([1, 2, 3]) });
  assertEquals(inner.userData.subarray(0, 4), new Uint8Array([1, 2, 3, 0]));
  assertEquals(inner.userData.length, 256);
  const full = new Uint8Array(256).fill(8);
  assertEquals(issue({ userData: full }).inner.userData, full);
});

Deno.test("issueConnectToken() lists other addresses for servers, where they are given", () => {
  const { token, inner } = issue({
    internalAddresses: ["10.0.0.7:40000", "[fd00::7]:40001"],
  });
  assertEquals(token.addresses, ["203.0.113.7:40000", "[2001:db8::7]:40001"]);
  assertEquals(inner.addresses, ["10.0.0.7:40000", "[fd00::7]:40001"]);
});

Deno.test("issueConnectToken() writes never as the standard does", () => {
  const { token, inner } = issue({
    expireSeconds: Infinity,
    timeoutSeconds: -1,
  });
  assertEquals(token.expireSeconds, NEVER);
  assertEquals([token.timeoutSeconds, inner.timeoutSeconds], [-1, -1]);
});

Deno.test("issueConnectToken() takes nothing but a bigint for 64 bits", () => {
  for (const name of ["protocolId", "clientId"]) {
    for (const value of [5, "5", undefined]) {
      const changes = { [name]: value } as Partial<IssueConnectTokenOptions>;
      assertThrows(
        () => issue(changes),
        TypeError,
        `${name} must be a bigint: current value is ${value}`,
      );
    }
  }
});

Deno.test("issueConnectToken() refuses what it cannot write, and shows no key", () => {
  const many = Array<string>(33).fill("1.2.3.4:5");
  const refused: [Partial<IssueConnectTokenOptions>, string][] = [
    [{ protocolId: -1n }, "protocolId must be 0 to 2^64 - 1"],
    [{ protocolId: NEVER + 1n }, "protocolId"],
    [{ clientId: -1n }, "clientId"],
    [{ clientId: NEVER + 1n }, "clientId"],
    [{ privateKey: new Uint8Array(31).fill(213) }, "current value is 31"],
    [{ privateKey: new Uint8Array(33).fill(213) }, "must be 32 bytes"],
    [{ expireSeconds: 0 }, "expireSeconds"],
    [{ expireSeconds: -1 }, "expireSeconds"],
    [{ expireSeconds: 1.5 }, "expireSeconds"],
    [{ expireSeconds: NaN }, "expireSeconds"],
    [{ timeoutSeconds: 0.5 }, "timeoutSeconds"],
    [{ timeoutSeconds: Infinity }, "timeoutSeconds"],
    [{ timeoutSeconds: 2 ** 31 }, "timeoutSeconds"],
    [{ userData: new Uint8Array(257) }, "at most 256 bytes"],
    [{ addresses: [] }, "addresses must be 1 to 32: current value is 0"],
    [{ addresses: many }, "current value is 33"],
    [{ internalAddresses: [] }, "internalAddresses must be 1 to 32"],
    [{ internalAddresses: ["10.0.0.7:5"] }, "as many as addresses, 2"],
  ];
  for (const [changes, message] of refused) {
    const error = assertThrows(() => issue(changes), RangeError, message);
    assertInstanceOf(error, RangeError);
    assertEquals(error.message.includes("213"), false);
  }
  // As numbers their letters would be zeros: a key that anybody can guess.
  const text = "213456789abcdef0213456789abcdef0";
  for (const bytes of [text, Array(32).fill(213), undefined, null]) {
    const wrong = bytes as unknown as Uint8Array;
    for (const name of ["privateKey", "userData"] as const) {
      if (name === "userData" && bytes === undefined) continue;
      const error = assertThrows(
        () => issue({ [name]: wrong }),
        TypeError,
        `as ${name} must be a Uint8Array`,
      );
      assertInstanceOf(error, TypeError);
      assertEquals(error.message.includes("213"), false);
    }
  }
  for (
    const address of [
      "203.0.113.7",
      "203.0.113.7:0",
      "[::1]:0",
      "game.example:40000",
      "[fe80::1%1]:40000",
      "",
    ]
  ) {
    const message = `current value is "${address}"`;
    assertThrows(() => issue({ addresses: [address] }), TypeError, message);
    assertThrows(
      () => issue({ internalAddresses: ["1.2.3.4:5", address] }),
      TypeError,
      message,
    );
  }
});
