import type {
  LobbyAccess,
  LobbyClient,
  LobbyId,
  LobbyListing,
} from "../../lobby/mod.ts";
import {
  browser,
  element,
  make,
  makeButton,
  type PageElement,
  setText,
} from "./browser.ts";
import { GAME_MODE } from "./game_message.ts";
import type { Requests } from "./page_requests.ts";

const STATES = {
  waiting: "Waiting",
  countdown: "Starting",
  inGame: "Playing",
  postgame: "Between games",
} as const;

/** A line of the list. */
interface Row {
  readonly item: PageElement;
  readonly name: PageElement;
  readonly lock: PageElement;
  readonly about: PageElement;
  readonly seats: PageElement;
  readonly join: PageElement;
  readonly watch: PageElement;
}

/** Where one is before one is in a lobby: the list, and the ways into one. */
export class Home {
  readonly #client: LobbyClient;
  readonly #requests: Requests;
  readonly #rows = new Map<LobbyId, Row>();
  #shown = "";
  /** Which lobby wants a password, and as what one would enter. */
  #wanted: LobbyListing | undefined;
  #role: "player" | "spectator" = "player";

  constructor(client: LobbyClient, requests: Requests) {
    this.#client = client;
    this.#requests = requests;
    element("search").oninput = () => this.#list();
    element("hide-full").onchange = () => this.#list();
    const create = element("create");
    element("access").onchange = () => this.#showAccess();
    create.onsubmit = (event) => {
      event.preventDefault();
      this.#create();
    };
    element("enter").onsubmit = (event) => {
      event.preventDefault();
      const code = element("code").value.trim();
      if (code === "") return;
      requests.ask(client.joinByCode(code), {
        onDone: () => element("code").value = "",
      });
    };
    const dialog = element("password-dialog");
    element("password-form").onsubmit = (event) => {
      event.preventDefault();
      this.#enterWithPassword();
    };
    element("password-cancel").onclick = () => dialog.close();
    dialog.onclose = () => this.#wanted = undefined;
  }

  /** Begins to follow the list. */
  start(): void {
    this.#requests.ask(this.#client.browse({ mode: GAME_MODE }));
  }

  /** Takes what a server tells. */
  onList(): void {
    this.#list();
  }

  /** One is in a lobby now. */
  leave(): void {
    if (element("password-dialog").open) element("password-dialog").close();
  }

  #list(): void {
    const { browser: lobbies } = this.#client;
    const name = element("search").value.trim();
    const listings = lobbies.filteredSorted({
      ...(name !== "" && { name }),
      hideFull: element("hide-full").checked,
    }, { by: "name" });
    // Who can be joined comes first.
    listings.sort((a, b) => Number(canJoin(b)) - Number(canJoin(a)));
    const order = listings.map(({ id }) => id);
    const wanted = new Set(order);
    for (const [id, { item }] of this.#rows) {
      if (wanted.has(id)) continue;
      this.#rows.delete(id);
      item.remove();
    }
    for (const listing of listings) this.#show(listing);
    const shown = order.join();
    if (shown !== this.#shown) {
      this.#shown = shown;
      const list = element("lobbies");
      const { activeElement } = browser.document;
      list.replaceChildren(...order.map((id) => this.#rows.get(id)!.item));
      // Whoever is on a button stays there.
      if (list.contains(activeElement)) activeElement!.focus();
    }
    setText(element("count"), `${lobbies.size}`);
    element("empty").hidden = listings.length > 0;
    setText(
      element("empty"),
      lobbies.size === 0
        ? "Nobody is waiting. Open a lobby, and it shows up here for everybody."
        : "No lobby is like that.",
    );
  }

  #show(listing: LobbyListing): void {
    const row = this.#rows.get(listing.id) ?? this.#makeRow(listing.id);
    const { players, maxPlayers, spectators, isPrivate, state } = listing;
    setText(row.name, listing.name);
    row.lock.hidden = !isPrivate;
    const watching = spectators === 0
      ? ""
      : ` · ${spectators} ${spectators === 1 ? "watches" : "watch"}`;
    setText(row.about, `${STATES[state]}${watching}`);
    setText(row.seats, `${players}/${maxPlayers}`);
    row.item.dataset.state = canJoin(listing) ? "open" : "closed";
    row.join.hidden = !canJoin(listing);
    row.watch.hidden = canJoin(listing) || !listing.isOpenToSpectators;
    row.join.ariaLabel = `Join ${listing.name}`;
    row.watch.ariaLabel = `Watch ${listing.name}`;
  }

  #makeRow(id: LobbyId): Row {
    const lock = make("span", "chip", "Password");
    const row: Row = {
      item: make("li", "lobby"),
      name: make("span", "lobby-name"),
      lock,
      about: make("span", "muted"),
      seats: make("span", "seats"),
      join: makeButton("Join", () => this.#enter(id, "player")),
      watch: makeButton("Watch", () => this.#enter(id, "spectator")),
    };
    row.watch.className = "quiet";
    const text = make("div", "lobby-text");
    const title = make("div", "lobby-title");
    title.append(row.name, lock);
    text.append(title, row.about);
    row.item.append(text, row.seats, row.join, row.watch);
    this.#rows.set(id, row);
    return row;
  }

  #enter(id: LobbyId, role: "player" | "spectator"): void {
    const listing = this.#client.browser.listing(id);
    if (listing === undefined) return;
    if (!listing.isPrivate) {
      this.#requests.ask(this.#client.join(id, { role }));
      return;
    }
    this.#wanted = listing;
    this.#role = role;
    setText(element("password-lobby"), listing.name);
    setText(element("password-error"), "");
    element("password").value = "";
    element("password-dialog").showModal();
  }

  #enterWithPassword(): void {
    const password = element("password").value;
    if (this.#wanted === undefined || password === "") return;
    const send = element("password-send");
    send.disabled = true;
    setText(element("password-error"), "Checking …");
    const role = this.#role;
    this.#requests.ask(
      this.#client.join(this.#wanted.id, { role, password }),
      {
        onDone: () => send.disabled = false,
        onRefused: (words) => {
          send.disabled = false;
          setText(element("password-error"), words);
          element("password").select();
        },
      },
    );
  }

  #showAccess(): void {
    const isPrivate = element("access").value === "password";
    element("new-password-field").hidden = !isPrivate;
    if (isPrivate) element("new-password").focus();
  }

  #create(): void {
    const access = element("access").value;
    const password = element("new-password").value;
    if (access === "password" && password === "") {
      this.#requests.notice("A password has at least one character");
      return;
    }
    const config = {
      name: element("lobby-name").value.trim() || "Lobby",
      mode: GAME_MODE,
      isAutoStarted: true,
      access: (access === "inviteOnly" ? access : "public") as LobbyAccess,
    };
    const send = element("create-send");
    send.disabled = true;
    this.#requests.ask(
      this.#client.create({
        config,
        ...(access === "password" && { password }),
      }),
      {
        onDone: () => send.disabled = false,
        onRefused: (words) => {
          send.disabled = false;
          this.#requests.notice(words);
        },
      },
    );
  }
}

function canJoin(listing: LobbyListing): boolean {
  const { isJoinable, players, reservedSeats, maxPlayers } = listing;
  return isJoinable && players + reservedSeats < maxPlayers;
}
