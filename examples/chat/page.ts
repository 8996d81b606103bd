/**
 * The page of the chat: a frame ticks the client, takes its events and shows what has changed.
 *
 * @module
 */

import { WsClient, type WsEvent, WsState } from "../../websocket/mod.ts";
import { browser, type PageElement } from "./browser.ts";
import { CHANNELS, HISTORY_LINES, type Line, type Said } from "./line.ts";

/** Lines of a channel that the page keeps. */
const MAX_LINES = 500;
/** How long the page says that nothing was lost. */
const RESUMED_MS = 3_000;
/** So long may events take in a frame. */
const EVENTS_MS = 4;

/** A line as it is shown: what has not come back from the hub waits. */
interface Shown extends Line {
  readonly element: PageElement;
  isWaiting: boolean;
}

function element(id: string): PageElement {
  return browser.document.getElementById(id);
}

function make(tag: string, className: string, text = ""): PageElement {
  const made = browser.document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function avatar(name: string): PageElement {
  const made = make("span", "avatar", [...name][0]?.toUpperCase());
  made.ariaHidden = "true";
  let hue = 0;
  for (const character of name) {
    hue = (hue * 31 + character.codePointAt(0)!) % 360;
  }
  made.style.setProperty("--hue", `${hue}`);
  return made;
}

/** One channel: its lines, who is there, and how many lines nobody has looked at. */
class Channel {
  readonly name: string;
  readonly people = new Map<string, PageElement>();
  readonly tab: PageElement;
  readonly #shown = new Map<string, Shown>();
  readonly #list: PageElement[] = [];
  readonly #unread = make("span", "unread");
  #unreadCount = 0;
  isCurrent = false;

  constructor(name: string) {
    this.name = name;
    this.tab = browser.document.createElement("button");
    this.tab.type = "button";
    this.tab.append(make("span", "", `# ${name}`), this.#unread);
    this.#unread.hidden = true;
  }

  /** Shows a line that came, or that was just written. A line that came twice is one. */
  show(line: Line, isWaiting: boolean): void {
    const key = `${line.from}/${line.id}`;
    const known = this.#shown.get(key);
    if (known !== undefined && !known.isWaiting) return;
    if (known !== undefined) this.#remove(known);
    const made = make("li", isWaiting ? "waiting" : "");
    const from = make("div", "from", line.from);
    const time = isWaiting ? "waits to be sent" : timeOf(line.at);
    from.append(make("span", "at", time));
    made.append(avatar(line.from), from, make("div", "text", line.text));
    this.#shown.set(key, { ...line, isWaiting, element: made });
    this.#append(made);
    if (this.#list.length > MAX_LINES) this.#dropOldest();
  }

  /** Shows something that nobody said. */
  note(text: string): void {
    this.#append(make("li", "note", text));
  }

  /** Forgets the lines that the hub will tell again. */
  clear(): void {
    for (const line of this.#shown.values()) {
      if (line.isWaiting) continue;
      this.#shown.delete(`${line.from}/${line.id}`);
      this.#remove(line);
    }
  }

  setPeople(
    change: "all" | "joined" | "left",
    names: readonly string[],
    me: string,
  ): void {
    if (change === "all") this.people.clear();
    for (const name of names) {
      if (change === "left") this.people.delete(name);
      else {
        const made = make("li", name === me ? "me" : "");
        made.append(avatar(name), make("span", "", name));
        this.people.set(name, made);
      }
    }
    if (this.isCurrent) this.#showPeople();
  }

  /** Makes it the channel that is looked at, or one that is not. */
  setCurrent(isCurrent: boolean): void {
    this.isCurrent = isCurrent;
    this.tab.ariaCurrent = isCurrent ? "page" : null;
    if (!isCurrent) return;
    this.#countUnread(0);
    element("lines").replaceChildren(...this.#list);
    this.#showPeople();
    element("lines").parentElement.scrollTop = Number.MAX_SAFE_INTEGER;
  }

  #append(made: PageElement): void {
    this.#list.push(made);
    if (!this.isCurrent) {
      this.#countUnread(this.#unreadCount + 1);
      return;
    }
    const lines = element("lines");
    const box = lines.parentElement;
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
    lines.append(made);
    if (isAtEnd) box.scrollTop = box.scrollHeight;
  }

  #remove(line: Shown): void {
    line.element.remove();
    this.#list.splice(this.#list.indexOf(line.element), 1);
  }

  #dropOldest(): void {
    for (const [key, line] of this.#shown) {
      if (line.isWaiting) continue;
      this.#shown.delete(key);
      this.#remove(line);
      return;
    }
  }

  #showPeople(): void {
    const names = [...this.people.keys()].sort();
    element("people").replaceChildren(
      ...names.map((name) => this.people.get(name)!),
    );
  }

  #countUnread(count: number): void {
    this.#unreadCount = count;
    this.#unread.hidden = count === 0;
    this.#unread.textContent = `${count}`;
  }
}

function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** Shows where the client stands. */
class Badge {
  #waitMs = 0;
  #resumedMs = 0;
  #text = "";

  onEvent(event: WsEvent): void {
    if (event.type === "reconnecting") this.#waitMs = event.backoffMs;
    if (event.type === "session" && event.isResumed) {
      this.#resumedMs = RESUMED_MS;
    }
  }

  show(client: WsClient, dt: number): void {
    this.#waitMs -= dt * 1_000;
    this.#resumedMs -= dt * 1_000;
    let state = "connecting";
    let text = "connecting";
    switch (client.state) {
      case WsState.Connected:
        state = this.#resumedMs > 0 ? "resumed" : "connected";
        text = state;
        break;
      case WsState.ReconnectBackoff:
        state = "waiting";
        text = `reconnecting in ${
          Math.max(0, Math.ceil(this.#waitMs / 1_000))
        } s`;
        break;
      case WsState.Closed:
        state = text = "closed";
    }
    if (text === this.#text) return;
    this.#text = text;
    const badge = element("badge");
    badge.dataset.state = state;
    badge.textContent = text;
    element("cut").disabled = !client.isConnected;
  }
}

function start(name: string): void {
  const url = new URL("/chat", browser.location.href);
  url.searchParams.set("name", name);
  const client = new WsClient({
    url: url.href,
    mux: true,
    // Long enough to see it, and to write something meanwhile.
    firstRetryMaxMs: 5_000,
    // As long as the hub keeps the session of a hidden tab.
    maxReplayAgeMs: 600_000,
  });
  const badge = new Badge();
  const channels = new Map(CHANNELS.map((each) => [each, new Channel(each)]));
  let current = channels.get(CHANNELS[0]!)!;
  let hasSession = false;
  let nextId = 0;
  const page = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);

  function choose(channel: Channel): void {
    current.setCurrent(false);
    current = channel;
    current.setCurrent(true);
    const text = element("text");
    text.placeholder = `Say something in # ${channel.name}`;
    // On a phone the keyboard would cover half of the page.
    if (browser.matchMedia("(hover: hover)").matches) text.focus();
  }

  function onEvent(event: WsEvent): void {
    badge.onEvent(event);
    switch (event.type) {
      case "session":
        // A hub that does not know the page tells the last lines again.
        if (hasSession && !event.isResumed) {
          for (const channel of channels.values()) channel.clear();
        }
        hasSession = true;
        break;
      case "message":
        if (event.message.type !== "text") break;
        channels.get(event.channel ?? "")?.show(
          JSON.parse(event.message.text) as Line,
          false,
        );
        break;
      case "presence":
        channels.get(event.channel)?.setPeople(
          event.change,
          event.members.map(({ playerId }) => playerId),
          name,
        );
        break;
      case "undelivered":
        // Should it have arrived after all, then it is shown once: by its id.
        for (const { channel, bytes } of event.messages) {
          client.sendOnChannel(channel, new TextDecoder().decode(bytes));
        }
        break;
      case "gap":
        current.note("Some messages are missing: you were away for too long");
    }
  }

  const chat = element("chat");
  chat.hidden = false;
  element("join").hidden = true;
  for (const channel of channels.values()) {
    client.subscribe(channel.name, { history: HISTORY_LINES, presence: true });
    channel.tab.onclick = () => choose(channel);
    const item = make("li", "");
    item.append(channel.tab);
    element("channels").append(item);
  }
  choose(current);

  element("say").onsubmit = (event) => {
    event.preventDefault();
    const input = element("text");
    const text = input.value.trim();
    if (text === "") return;
    const said: Said = { id: `${page}-${nextId++}`, text };
    if (client.sendOnChannel(current.name, JSON.stringify(said))) {
      current.show({ ...said, from: name, at: Date.now() }, true);
      input.value = "";
    } else {
      current.note("Too much waits to be sent");
    }
  };
  element("cut").onclick = () => client.disconnect();
  addEventListener("online", () => client.setOnline(true));
  addEventListener("offline", () => client.setOnline(false));

  client.connect();
  let lastMs = performance.now();
  // A hidden tab gets no frames. The step after it is a long one, which the client knows how to take.
  function frame(): void {
    const nowMs = performance.now();
    const dt = (nowMs - lastMs) / 1_000;
    lastMs = nowMs;
    client.tick(dt);
    for (const event of client.drainEvents(EVENTS_MS)) onEvent(event);
    badge.show(client, dt);
    browser.requestAnimationFrame(frame);
  }
  browser.requestAnimationFrame(frame);
}

const given = new URL(browser.location.href).searchParams.get("name");
if (given) start(given);
else {
  const join = element("join");
  join.hidden = false;
  element("name").focus();
  join.onsubmit = (event) => {
    event.preventDefault();
    start(element("name").value.trim());
  };
}
