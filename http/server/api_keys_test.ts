import { assertEquals } from "@std/assert";
import { ApiKeys } from "./api_keys.ts";

Deno.test("ApiKeys.find() tells each key's title and role, and no other's", async () => {
  const keys = new ApiKeys([
    { key: "game-a", role: "game" },
    { key: "game-b", role: "game", title: "b" },
    { key: "server-key-0123456789", role: "server", title: "b" },
    { key: "admin-key-0123456789", role: "admin" },
  ]);
  assertEquals(await keys.find("game-a"), { title: "main", role: "game" });
  assertEquals(await keys.find("game-b"), { title: "b", role: "game" });
  assertEquals(await keys.find("server-key-0123456789"), {
    title: "b",
    role: "server",
  });
  const admin = "admin-key-0123456789";
  assertEquals(await keys.find(admin), { title: "main", role: "admin" });
  for (let i = 0; i < admin.length; i++) {
    assertEquals(await keys.find(admin.slice(0, i)), undefined);
    const wrong = admin.slice(0, i) + "~" + admin.slice(i + 1);
    assertEquals(await keys.find(wrong), undefined);
  }
  for (
    const text of [
      null,
      "",
      " ",
      `${admin} `,
      admin + "x",
      "é",
      "x".repeat(257),
    ]
  ) {
    assertEquals(await keys.find(text), undefined);
  }
});
