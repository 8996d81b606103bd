import type {
  LobbyClient,
  LobbyClientEvent,
  LobbyTicketExplanation,
  ModeExplanation,
} from "../../lobby/mod.ts";
import { element, setText } from "./browser.ts";
import { QUEUE } from "./game_message.ts";
import type { Requests } from "./page_requests.ts";

/** How a search ends that nobody has ended. */
const ENDED: readonly string[] = ["expired", "failed", "lost"];
/** How often it is asked what is in the way. */
const ASK_SECONDS = 2;

/** Looks for an opponent, tells why there is none yet, and asks whether one is taken. */
export class QueueCard {
  readonly #client: LobbyClient;
  readonly #requests: Requests;
  #untilAsked = 0;
  #why = "";
  /** The match that was answered just now, as long as the server has not told of it. */
  #answered: number | undefined;

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
        // An answer may have been lost with the session.
        this.#answered = undefined;
        this.#showProposal();
        break;
      case "ticket":
        this.#untilAsked = 0;
        this.#estimate(event.ticket.estimatedWaitMs);
        break;
      case "ticketEnded":
        this.#why = "";
        if (event.reason === "declined") {
          this.#requests.notice("You did not take the match");
        } else if (ENDED.includes(event.reason)) {
          this.#requests.notice("The search has ended: try again");
        }
        break;
      case "proposal":
      case "proposalAccepted":
        this.#showProposal();
        break;
      case "proposalEnded":
        this.#showProposal();
        if (
          event.isConfirmed === false && this.#client.ticket !== undefined
        ) {
          this.#requests.notice("The other one did not accept. Looking on …");
        }
    }
  }

  frame(dt: number): void {
    const { waitedMs, proposal, proposalLeftMs } = this.#client;
    element("searching").hidden = waitedMs === undefined;
    element("play").hidden = waitedMs !== undefined;
    if (proposal !== undefined && proposalLeftMs !== undefined) {
      const share = proposalLeftMs / proposal.timeoutMs;
      element("proposal").style.setProperty("--left", share.toFixed(3));
      const seconds = Math.ceil(proposalLeftMs / 1_000);
      setText(element("proposal-left"), `${seconds} s`);
    }
    if (waitedMs === undefined) return;
    this.#untilAsked -= dt;
    if (this.#untilAsked <= 0) {
      this.#untilAsked = ASK_SECONDS;
      this.#requests.ask(this.#client.explain(), {
        onDone: (value) => this.#explain(value),
        // It is asked again soon.
        onRefused: () => {},
      });
    }
    setText(element("waited"), `${Math.floor(waitedMs / 1_000)} s`);
    setText(element("why"), this.#why);
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
    const hasAnswered = proposal.isAccepted ||
      proposal.proposal === this.#answered;
    element("accept").disabled = hasAnswered;
    element("decline").disabled = hasAnswered;
    setText(
      element("proposal-text"),
      hasAnswered
        ? "Waiting for the other one …"
        : "An opponent is there. Who leaves has lost. Do you play?",
    );
    if (!dialog.open) dialog.showModal();
    if (!hasAnswered) element("accept").focus();
  }

  #answer(isAccepted: boolean): void {
    const { proposal } = this.#client;
    if (proposal === undefined || proposal.isAccepted) return;
    if (proposal.proposal === this.#answered) return;
    this.#answered = proposal.proposal;
    this.#requests.ask(this.#client.answer(proposal.proposal, isAccepted), {
      onRefused: (words) => {
        this.#answered = undefined;
        this.#showProposal();
        this.#requests.notice(words);
      },
    });
    this.#showProposal();
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
