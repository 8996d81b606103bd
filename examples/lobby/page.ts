/**
 * The page of the lobbies: a frame ticks the client, takes its events and shows what has changed.
 *
 * @module
 */

import { LobbyClient, type LobbyClientEvent } from "../../lobby/mod.ts";
import { WsState } from "../../websocket/mod.ts";
import { browser, element, setText } from "./browser.ts";
import { GAME_CHANNEL } from "./game_message.ts";
import { Home } from "./page_home.ts";
import { QueueCard } from "./page_queue.ts";
import { Requests } from "./page_requests.ts";
import { Room } from "./page_room.ts";

/** So long may events take in a frame. */
const EVENTS_MS = 8;

/** The page's one client, and what shows it. */
class Page {
  readonly client: LobbyClient;
  readonly #requests = new Requests();
  readonly #home: Home;
  readonly #queue: QueueCard;
  readonly #room: Room;
  #waitSeconds = 0;
  #hasSynced = false;
  #isInRoom = false;

  constructor(name: string) {
    const url = new URL("/lobby", browser.location.href);
    url.searchParams.set("name", name);
    this.client = new LobbyClient({
      url: url.href,
      // Nobody likes to wait for long before a game.
      firstRetryMaxMs: 500,
      maxBackoffMs: 3_000,
    });
    this.#home = new Home(this.client, this.#requests);
    this.#queue = new QueueCard(this.client, this.#requests);
    this.#room = new Room(this.client, this.#requests);
    this.client.connect();
    this.#home.start();
  }

  /** A frame. */
  frame(dt: number): void {
    const { client } = this;
    client.tick(dt);
    for (const event of client.drainEvents(EVENTS_MS)) this.#onEvent(event);
    this.#requests.frame(dt);
    this.#queue.frame(dt);
    this.#room.frame();
    this.#showBadge(dt);
    // What was clicked leaves with this frame.
    client.flush();
  }

  #onEvent(event: LobbyClientEvent): void {
    this.#requests.take(event);
    this.#queue.onEvent(event);
    this.#room.onEvent(event);
    switch (event.type) {
      case "synced":
        this.#hasSynced = true;
        this.#choose();
        break;
      case "entered":
      case "left":
        this.#choose();
        break;
      case "list":
        this.#home.onList();
        break;
      case "listEnded":
        this.#home.start();
        break;
      case "socket": {
        const { event: inner } = event;
        if (inner.type === "reconnecting") {
          this.#waitSeconds = inner.backoffMs / 1_000;
        }
        if (
          inner.type === "message" && inner.channel === GAME_CHANNEL &&
          inner.message.type === "text"
        ) this.#room.onTable(inner.message.text);
      }
    }
  }

  /** Shows the list or the lobby. */
  #choose(): void {
    const isInRoom = this.client.lobby !== undefined;
    element("loading").hidden = true;
    element("home").hidden = isInRoom;
    element("room").hidden = !isInRoom;
    if (isInRoom === this.#isInRoom) return;
    this.#isInRoom = isInRoom;
    if (isInRoom) this.#home.leave();
    // Who uses a keyboard goes on where the page does.
    element(isInRoom ? "room-name" : "play").focus();
  }

  #showBadge(dt: number): void {
    const { client } = this;
    this.#waitSeconds = Math.max(0, this.#waitSeconds - dt);
    let state = "connecting";
    let text = "Connecting";
    if (client.state === WsState.Closed) state = text = "Closed";
    else if (client.socket.isConnected && client.isSynced) {
      state = "connected";
      text = "Connected";
    } else if (this.#hasSynced) {
      state = "waiting";
      const seconds = Math.ceil(this.#waitSeconds);
      text = client.state === WsState.ReconnectBackoff && seconds > 0
        ? `Reconnecting in ${seconds} s`
        : "Reconnecting";
    }
    const badge = element("badge");
    if (badge.dataset.state !== state) badge.dataset.state = state;
    setText(badge, text);
  }
}

function start(name: string): void {
  element("join").hidden = true;
  element("app").hidden = false;
  setText(element("own-name"), name);
  element("lobby-name").value = `${name}'s lobby`;
  browser.document.title = `${name} · tickwire lobby`;
  const page = new Page(name);
  addEventListener("online", () => page.client.socket.setOnline(true));
  addEventListener("offline", () => page.client.socket.setOnline(false));
  // To look at it from the console.
  Object.assign(globalThis, { lobbyPage: page });
  let lastMs = performance.now();
  function step(): void {
    const nowMs = performance.now();
    page.frame((nowMs - lastMs) / 1_000);
    lastMs = nowMs;
  }
  function frame(): void {
    step();
    browser.requestAnimationFrame(frame);
  }
  browser.requestAnimationFrame(frame);
  // A hidden tab gets no frames: it keeps its seat by this, and hears of a match.
  everySecond(step);
}

/** Calls something each second, also in a tab that nobody sees: where a page's own timers go once a minute after a while. */
function everySecond(step: () => void): void {
  const source = new Blob(["setInterval(() => postMessage(0), 1_000)"], {
    type: "text/javascript",
  });
  new Worker(URL.createObjectURL(source)).onmessage = step;
}

const given = new URL(browser.location.href).searchParams.get("name")?.trim();
if (given) start(given);
else {
  // The form leads here again, with the name: so that it stays over a reload.
  element("join").hidden = false;
  element("name").focus();
}
