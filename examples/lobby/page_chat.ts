import type { LobbyChatMessage, LobbyClient } from "../../lobby/mod.ts";
import { avatar, element, make, setText } from "./browser.ts";
import type { Requests } from "./page_requests.ts";

/** Lines that the page keeps. */
const MAX_LINES = 200;
/** How near to its end somebody reads who wants to see what comes, in pixels. */
const END_PIXELS = 60;

/** What is said in the lobby, and what happens there. */
export class ChatCard {
  readonly #client: LobbyClient;
  readonly #lines: ReturnType<typeof make>[] = [];

  constructor(client: LobbyClient, requests: Requests) {
    this.#client = client;
    element("say").onsubmit = (event) => {
      event.preventDefault();
      const input = element("text");
      const text = input.value.trim();
      if (text === "") return;
      input.value = "";
      requests.ask(client.chat(text), {
        onRefused: (words) => {
          // What was written is not lost.
          if (input.value === "") input.value = text;
          requests.notice(words);
        },
      });
    };
  }

  clear(): void {
    this.#lines.length = 0;
    element("lines").replaceChildren();
  }

  /** Shows what somebody says. */
  say({ player, text }: LobbyChatMessage): void {
    const isOwn = player === this.#client.player;
    const line = make("div", isOwn ? "line own" : "line");
    const words = make("div", "words");
    setText(words, text);
    const from = make("div", "from", isOwn ? "You" : player);
    line.append(avatar(player), from, words);
    this.#append(line);
  }

  /** Shows what nobody says. */
  note(text: string): void {
    this.#append(make("div", "line note", text));
  }

  #append(line: ReturnType<typeof make>): void {
    const list = element("lines");
    const { scrollHeight, scrollTop, clientHeight } = list;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < END_PIXELS;
    list.append(line);
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift()!.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }
}
