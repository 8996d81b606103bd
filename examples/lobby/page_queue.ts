import type {
  LobbyClient,
  LobbyClientEvent,
  LobbyTicketExplanation,
  ModeExplanation,
} from "../../lobby/mod.ts";
import { element, setText } from "./browser.ts";
import { QUEUE } from "./game_message.ts";
import type { Requests } from "./page_requests.ts";

/** How often it is asked what is in the way. */
const ASK_SECONDS = 2;

/** Looks for an opponent, tells why there is none yet, and asks whether one is taken. */
export class QueueCard {
  readonly #client: LobbyClient;
  readonly #requests: Requests;
  #waitedSeconds = 0;
  #untilAsked = 0;
  #why = "";
  #leftSeconds = 0;
  #totalSeconds = 1;
  #hasAnswered = false;

  constructor(client: LobbyClient, requests: Requests) {
    this.#client = client;
    this.#requests = requests;
    element("play").onclick = () => {
      requests.ask(client.enqueue(QUEUE));
    };
    element("cancel").onclick = () => {
      requests.ask(client.dequeue());
    };
    const dialog = element("proposal");
    element("accept").onclick = () => this.#answer(true);
    element("decline").onclick = () => this.#answer(false);
    // Escape says no.
    dialog.oncancel = (event) => {
      event.preventDefault();
      this.#answer(false);
    };
  }

  onEvent(event: LobbyClientEvent): void {
    switch (event.type) {
      case "synced":
        this.#restart();
        this.#showProposal();
        break;
      case "ticket":
        this.#restart();
        break;
      case "ticketEnded":
        this.#why = "";
        if (event.reason !== "cancelled" && event.reason !== "matched") {
          this.#requests.notice(
            event.reason === "declined"
              ? "You did not take the match"
              : "The search has ended: try again",
          );
        }
        break;
      case "proposal":
      case "proposalEnded":
        this.#showProposal();
        if (
          event.type === "proposalEnded" && !event.isConfirmed &&
          this.#client.ticket !== undefined
        ) {
          this.#requests.notice("The other one did not accept. Looking on …");
        }
    }
  }

  frame(dt: number): void {
    const { ticket } = this.#client;
    element("searching").hidden = ticket === undefined;
    element("play").hidden = ticket !== undefined;
    this.#waitedSeconds += dt;
    this.#leftSeconds = Math.max(0, this.#leftSeconds - dt);
    const share = this.#leftSeconds / this.#totalSeconds;
    element("proposal").style.setProperty("--left", share.toFixed(3));
    setText(element("proposal-left"), `${Math.ceil(this.#leftSeconds)} s`);
    if (ticket === undefined) return;
    this.#untilAsked -= dt;
    if (this.#untilAsked <= 0) {
      this.#untilAsked = ASK_SECONDS;
      this.#requests.ask(this.#client.explain(), {
        onDone: (value) => this.#explain(value),
        // It is asked again soon.
        onRefused: () => {},
      });
    }
    setText(element("waited"), `${Math.floor(this.#waitedSeconds)} s`);
    setText(element("why"), this.#why);
  }

  /** Takes the times as the server knows them. */
  #restart(): void {
    const { ticket } = this.#client;
    this.#waitedSeconds = (ticket?.waitedMs ?? 0) / 1_000;
    this.#untilAsked = 0;
    this.#estimate(ticket?.estimatedWaitMs);
  }

  #estimate(waitMs: number | undefined): void {
    setText(
      element("estimate"),
      waitMs === undefined
        ? "unknown, as nobody has played yet"
        : `about ${Math.max(1, Math.ceil(waitMs / 1_000))} s more`,
    );
  }

  #explain({ ticket, modes }: LobbyTicketExplanation): void {
    this.#estimate(ticket.estimatedWaitMs);
    const [mode] = modes;
    this.#why = mode === undefined ? "" : wordsFor(mode);
  }

  #showProposal(): void {
    const { proposal } = this.#client;
    const dialog = element("proposal");
    if (proposal === undefined) {
      if (dialog.open) dialog.close();
      return;
    }
    this.#leftSeconds = this.#totalSeconds = proposal.timeoutMs / 1_000;
    this.#setAnswered(false);
    if (!dialog.open) dialog.showModal();
    element("accept").focus();
  }

  #answer(isAccepted: boolean): void {
    const { proposal } = this.#client;
    if (proposal === undefined || this.#hasAnswered) return;
    this.#setAnswered(true);
    this.#requests.ask(
      this.#client.answer(proposal.proposal, isAccepted),
    );
  }

  #setAnswered(hasAnswered: boolean): void {
    this.#hasAnswered = hasAnswered;
    element("accept").disabled = hasAnswered;
    element("decline").disabled = hasAnswered;
    setText(
      element("proposal-text"),
      hasAnswered
        ? "Waiting for the other one …"
        : "An opponent is there. Do you play?",
    );
  }
}

/** Why there is no match yet. */
function wordsFor(mode: ModeExplanation): string {
  const { reason, waitingPlayers, skillWindow } = mode;
  switch (reason) {
    case "notEnoughPlayers":
      return "Nobody else is looking for a match";
    case "skill":
      return `${waitingPlayers} wait, but are stronger or weaker by more than ${
        Math.round(skillWindow)
      } points`;
    case "patience":
      return "Waiting a little for a better match";
    default:
      return `${waitingPlayers} wait, and do not fit yet`;
  }
}
