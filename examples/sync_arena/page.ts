/**
 * The page of the arena: a frame ticks the connection, plays, draws, and shows figures now and then.
 *
 * @module
 */

import { WsClient, type WsEvent, WsState } from "../../websocket/mod.ts";
import {
  FEED_CHANNEL,
  type FeedMessage,
  OWN_CHANNEL,
  type OwnMessage,
  WORLD_LINK,
} from "./arena_message.ts";
import { browser, element, make } from "./browser.ts";
import { Controls } from "./page_controls.ts";
import { Match } from "./page_match.ts";
import { ArenaView, colourOf } from "./page_view.ts";

/** How often figures and scores are shown. */
const REVIEW_SECONDS = 0.25;
/** Lines of the feed, and how long one stands. */
const MAX_LINES = 5;
const LINE_SECONDS = 7;

/** The page's one connection, and the match that is played over it. */
class Game {
  /** The match of this session. */
  match: Match;
  /** What draws it. */
  readonly view = new ArenaView(element("arena"));
  /** The connection. */
  readonly client: WsClient;
  readonly #controls = new Controls(element("arena"));
  readonly #lines: { element: ReturnType<typeof make>; seconds: number }[] = [];
  #hasSession = false;
  #untilReview = 0;
  #bytes = { down: 0, up: 0 };
  #sinceBytes = 0;
  #waitSeconds = 0;
  #lastWords = "";
  #shownScores = "";

  constructor(name: string) {
    const url = new URL("/arena", browser.location.href);
    url.searchParams.set("name", name);
    this.client = new WsClient({
      url: url.href,
      mux: true,
      // Nobody waits for long in a game.
      firstRetryMaxMs: 500,
      maxBackoffMs: 3_000,
    });
    this.client.subscribe(FEED_CHANNEL);
    // Before it connects: the server greets at once.
    this.match = this.#begin();
    this.client.connect();
    for (const id of ["latency", "jitter"]) {
      element(id).oninput = () => this.#setDelay(this.match);
    }
  }

  /** A frame. */
  frame(dt: number): void {
    const { client } = this;
    client.tick(dt);
    for (const event of client.drainEvents()) this.#onEvent(event);
    this.match.frame(dt, client.isConnected);
    // Reports leave in the frame that they are made in.
    client.flush();
    this.#age(dt);
    this.#showState(dt);
    this.#untilReview -= dt;
    this.#sinceBytes += dt;
    if (this.#untilReview > 0) return;
    this.#untilReview = REVIEW_SECONDS;
    this.#showScores();
    this.#showFigures();
  }

  #onEvent(event: WsEvent): void {
    switch (event.type) {
      case "session":
        // A hub that knows the session still has the player, and the link goes on. Another one has what came since for
        // the next link.
        if (!event.isResumed && this.#hasSession) {
          this.match.close();
          this.match = this.#begin();
        }
        this.#hasSession = true;
        break;
      case "reconnecting":
        this.#waitSeconds = event.backoffMs / 1_000;
        break;
      case "disconnected":
        this.#lastWords = event.reason;
        break;
      case "message": {
        const { message, channel } = event;
        if (message.type !== "text") break;
        if (channel === OWN_CHANNEL) {
          this.match.onOwnMessage(JSON.parse(message.text) as OwnMessage);
        } else if (channel === FEED_CHANNEL) {
          this.#tell(JSON.parse(message.text) as FeedMessage);
        }
      }
    }
  }

  #begin(): Match {
    const link = this.client.link(WORLD_LINK);
    const match = new Match(link, this.view, this.#controls);
    this.#setDelay(match);
    return match;
  }

  #setDelay(match: Match): void {
    const latency = element("latency").valueAsNumber;
    const jitter = element("jitter").valueAsNumber;
    element("latency-value").textContent = `${latency} ms`;
    element("jitter-value").textContent = `${jitter} ms`;
    // Half of it each way.
    match.link.latencyMs = latency / 2;
    match.link.jitterMs = jitter / 2;
  }

  #tell({ by, of }: FeedMessage): void {
    const own = this.match.client.id;
    const line = make("li", own === by.id || own === of.id ? "own" : "");
    const names = [by, of].map(({ id, name }) => {
      const made = make("b", "", name);
      made.style.setProperty("--colour", colourOf(id, id === own));
      return made;
    });
    line.append(names[0]!, make("span", "", " shot down "), names[1]!);
    element("feed").prepend(line);
    this.#lines.push({ element: line, seconds: LINE_SECONDS });
    if (this.#lines.length > MAX_LINES) this.#lines.shift()!.element.remove();
  }

  #age(dt: number): void {
    for (const line of this.#lines) line.seconds -= dt;
    while (this.#lines.length > 0 && this.#lines[0]!.seconds <= 0) {
      this.#lines.shift()!.element.remove();
    }
    element("hurt").style.setProperty("--hurt", `${this.match.hurt}`);
  }

  #showState(dt: number): void {
    this.#waitSeconds = Math.max(0, this.#waitSeconds - dt);
    const { client, match } = this;
    let state = "connecting";
    let text = "Connecting …";
    const { state: ended } = match.link;
    if (client.state === WsState.Closed) {
      state = "closed";
      text = this.#lastWords || "Closed";
    } else if (client.isConnected) {
      if (match.isPlaying) {
        state = "playing";
        text = "";
      } else if (ended.type === "closed") {
        state = "closed";
        text = ended.reason;
      } else text = "Joining …";
    } else if (this.#hasSession) {
      state = "reconnecting";
      const seconds = Math.ceil(this.#waitSeconds);
      text = client.state === WsState.ReconnectBackoff && seconds > 0
        ? `Connection lost. Trying again in ${seconds} s`
        : "Connection lost. Reconnecting …";
    }
    const status = element("status");
    if (status.dataset.state !== state) status.dataset.state = state;
    if (status.textContent !== text) status.textContent = text;
  }

  #showScores(): void {
    const scores = this.match.scores();
    const shown = JSON.stringify(scores);
    if (shown === this.#shownScores) return;
    this.#shownScores = shown;
    element("scores").replaceChildren(...scores.map((each) => {
      const { id, name, score, isOwn } = each;
      const line = make("li", isOwn ? "own" : "");
      const player = make("b", "", name);
      player.style.setProperty("--colour", colourOf(id, isOwn));
      line.append(player, make("span", "", `${score}`));
      return line;
    }));
  }

  #showFigures(): void {
    const { match } = this;
    const { timelines, predictor, sync } = match.client;
    const { clock } = timelines;
    const counts = match.counts;
    const { compared, mispredicted } = predictor.counts;
    const now = { down: sync.bytesIn, up: sync.bytesOut };
    const rate = (key: keyof typeof now): string => {
      const bytes = Math.max(0, now[key] - this.#bytes[key]);
      return `${(bytes / this.#sinceBytes / 1_000).toFixed(1)} kB/s`;
    };
    const isSynced = clock.isSynced;
    const ms = (value: number, digits = 0): string =>
      isSynced ? `${value.toFixed(digits)} ms` : "–";
    const figures: Record<string, string> = {
      rtt: ms(clock.rttMs),
      "jitter-down": ms(clock.jitterDownMs, 1),
      "jitter-up": ms(clock.jitterUpMs, 1),
      bound: isSynced ? `± ${clock.errorBoundMs.toFixed(1)} ms` : "–",
      delay: ms(timelines.interpolationDelayMs),
      behind: ms(timelines.renderDelayMs),
      ahead: ms(timelines.leadMs),
      mispredictions: `${mispredicted} of ${compared}`,
      shots: `${counts.shots}`,
      claimed: `${counts.claimed}`,
      confirmed: `${counts.confirmed}`,
    };
    // Bytes come in bursts: over a second.
    if (this.#sinceBytes >= 1) {
      figures.down = rate("down");
      figures.up = rate("up");
      this.#bytes = now;
      this.#sinceBytes = 0;
    }
    for (const [id, text] of Object.entries(figures)) {
      element(id).textContent = text;
    }
  }
}

function start(name: string): void {
  element("join").hidden = true;
  element("game").hidden = false;
  element("net").open = browser.matchMedia("(min-width: 50rem)").matches;
  element("arena").focus();
  const game = new Game(name);
  addEventListener("online", () => game.client.setOnline(true));
  addEventListener("offline", () => game.client.setOnline(false));
  // The server need not wait for a tab that is closed.
  addEventListener("pagehide", () => game.client.close());
  addEventListener("pageshow", () => game.client.connect());
  // To look at it from the console.
  Object.assign(globalThis, { arena: game });
  let lastMs = performance.now();
  // A hidden tab gets no frames. The step after it is a long one, which all of this knows how to take.
  function frame(): void {
    const nowMs = performance.now();
    game.frame((nowMs - lastMs) / 1_000);
    lastMs = nowMs;
    browser.requestAnimationFrame(frame);
  }
  browser.requestAnimationFrame(frame);
}

const given = new URL(browser.location.href).searchParams.get("name");
if (given) start(given);
else {
  element("join").hidden = false;
  element("name").focus();
  element("join").onsubmit = (event) => {
    event.preventDefault();
    start(element("name").value.trim() || "nobody");
  };
}
