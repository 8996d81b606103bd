/**
 * The page of the echo: a timer ticks the session, a frame shows what it has measured.
 *
 * @module
 */

import { decodeBase64 } from "../../core/mod.ts";
import {
  type DatagramAddress,
  WebSocketDatagramSocket,
  WebTransportDatagramSocket,
} from "../../transport/mod.ts";
import { browser, type Canvas, type PageElement } from "./browser.ts";
import { Chart, SPAN_MS } from "./chart.ts";
import { type EchoInfo, INFO_PATH, SOCKET_PATH } from "./echo_protocol.ts";
import { EchoSession } from "./echo_session.ts";

const RATE = 60;
/** Browsers let no timer run more often. */
const TICK_MS = 4;
/** Numbers that change with each frame cannot be read. */
const SHOW_MS = 250;
/** The chart is told in words so often, for who cannot see it. */
const TELL_MS = 2_000;

type Over = "websocket" | "webtransport";

function element(id: string): PageElement {
  return browser.document.getElementById(id);
}

function show(id: string, text: string): void {
  const shown = element(id);
  if (shown.textContent !== text) shown.textContent = text;
}

async function connect(over: Over, info: EchoInfo): Promise<DatagramAddress> {
  const url = new URL(SOCKET_PATH, browser.location.href);
  if (over === "websocket") {
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return (await WebSocketDatagramSocket.connect(url)).serverAddress;
  }
  const { port, hash } = info.webTransport!;
  url.protocol = "https:";
  url.port = `${port}`;
  const socket = await WebTransportDatagramSocket.connect(url, {
    certificateHashes: hash === undefined ? [] : [decodeBase64(hash)!],
  });
  return socket.serverAddress;
}

/** Why there is no WebTransport, for people; `undefined` if there is. */
function whyNoWebTransport(info: EchoInfo): string | undefined {
  if (info.webTransport === undefined) {
    return "The server has no WebTransport: it needs Deno with --unstable-net.";
  }
  if (WebTransportDatagramSocket.isSupported) return undefined;
  return browser.isSecureContext
    ? "This browser has no WebTransport."
    : "Browsers have WebTransport only on pages of https or of this machine.";
}

/** The echo of the page: one session after the other. */
class Page {
  readonly #info: EchoInfo;
  readonly #chart = new Chart(element("chart") as Canvas);
  #over: Over = "websocket";
  #session: EchoSession | undefined;
  /** Counts attempts, so that one that was given up does not come back. */
  #attempt = 0;
  #shownMs = -Infinity;
  #toldMs = -Infinity;
  #p50 = NaN;
  #p99 = NaN;

  constructor(info: EchoInfo) {
    this.#info = info;
    for (const over of ["websocket", "webtransport"] as const) {
      const radio = element(over);
      radio.onchange = () => {
        this.#over = over;
        this.start();
      };
    }
    element("over").onsubmit = (event) => {
      event.preventDefault();
      if (this.#session === undefined) this.start();
      else this.stop();
    };
  }

  async start(): Promise<void> {
    this.#leave();
    this.#clear();
    const attempt = this.#attempt;
    this.#badge("connecting", "connecting");
    show("toggle", "Stop");
    try {
      const server = await connect(this.#over, this.#info);
      if (attempt !== this.#attempt) return server.socket.close();
      const session = new EchoSession({
        server,
        rate: RATE,
        remembered: RATE * SPAN_MS / 1_000,
      });
      session.onEcho = (_number, ms) => this.#chart.add(performance.now(), ms);
      this.#session = session;
    } catch (error) {
      if (attempt === this.#attempt) this.#ended((error as Error).message);
    }
  }

  stop(): void {
    this.#leave();
    this.#ended("stopped");
  }

  /** Takes in what came and sends what is due. */
  tick(): void {
    const session = this.#session;
    if (session === undefined) return;
    session.tick();
    if (session.ending !== undefined) {
      this.#leave();
      this.#ended(session.ending);
    } else if (session.isConnected) this.#badge("connected", "connected");
  }

  frame(nowMs: number): void {
    const session = this.#session;
    if (session === undefined || !session.isConnected) return;
    if (nowMs - this.#shownMs >= SHOW_MS) {
      this.#shownMs = nowMs;
      this.#showFigures(session);
    }
    this.#chart.draw(nowMs, this.#p50, this.#p99);
    if (nowMs - this.#toldMs < TELL_MS || Number.isNaN(this.#p50)) return;
    this.#toldMs = nowMs;
    element("chart").ariaLabel =
      `Round trips of the last 10 seconds: half of them within ${
        milliseconds(this.#p50)
      } ms, 99 of 100 within ${milliseconds(this.#p99)} ms`;
  }

  /** Says goodbye, in one datagram: a page has no time to see whether it arrives. */
  leave(): void {
    this.#leave();
  }

  #showFigures(session: EchoSession): void {
    const [p50, p99] = session.roundTrips.quantiles(0.5, 0.99);
    this.#p50 = p50!;
    this.#p99 = p99!;
    show("now", milliseconds(session.roundTrips.last));
    show("p50", milliseconds(this.#p50));
    show("p99", milliseconds(this.#p99));
    show("sent", session.sent.toLocaleString("en"));
    show("received", session.received.toLocaleString("en"));
    show("outOfOrder", `${session.outOfOrder}`);
    show("copies", session.copies.toLocaleString("en"));
    const { figures } = session;
    if (figures === undefined) return;
    show("loss", figures.packetLossPct.toFixed(1));
    show("resent", figures.retransmits.toLocaleString("en"));
    show("up", (figures.bandwidthUp / 1_000).toFixed(1));
    show("down", (figures.bandwidthDown / 1_000).toFixed(1));
  }

  /** Shows nothing of an echo before. */
  #clear(): void {
    this.#chart.clear();
    this.#p50 = this.#p99 = NaN;
    this.#toldMs = -Infinity;
    for (const id of ["now", "p50", "p99"]) show(id, "–");
    for (const id of ["sent", "received", "outOfOrder", "copies", "resent"]) {
      show(id, "0");
    }
    for (const id of ["loss", "up", "down"]) show(id, "0.0");
  }

  #leave(): void {
    this.#attempt++;
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
  }

  #ended(why: string): void {
    this.#badge("ended", why);
    show("toggle", "Start");
  }

  #badge(state: string, text: string): void {
    element("badge").dataset.state = state;
    show("badge", text);
  }
}

function milliseconds(ms: number): string {
  if (Number.isNaN(ms)) return "–";
  return ms.toFixed(ms < 100 ? 1 : 0);
}

async function main(): Promise<void> {
  const response = await fetch(INFO_PATH);
  const info = await response.json() as EchoInfo;
  const why = whyNoWebTransport(info);
  if (why !== undefined) {
    element("webtransport").disabled = true;
    show("note", why);
    element("note").hidden = false;
  }
  const page = new Page(info);
  browser.addEventListener("pagehide", () => page.leave());
  setInterval(() => page.tick(), TICK_MS);
  function frame(): void {
    page.frame(performance.now());
    browser.requestAnimationFrame(frame);
  }
  frame();
  await page.start();
}

main().catch((error: Error) => {
  element("badge").dataset.state = "ended";
  show("badge", error.message);
});
