/** How a piece of text is meant, for those who see colours. */
export type Tone = "plain" | "dim" | "good" | "warn" | "bad";

/** A piece of text in one tone. */
export type Span = readonly [text: string, tone: Tone];

/** One line of figures. */
export interface Row {
  /** What the figures are about. */
  readonly label: string;
  /** The figures. */
  readonly spans: readonly Span[];
}

/** Something worth telling that happened. */
export interface LogEntry {
  /** Seconds since the start. */
  readonly atSecs: number;
  /** What happened. */
  readonly text: string;
  /** How it is meant. */
  readonly tone: Tone;
}

/** A part of the demo: the game's use of one module of the package. */
export interface Scene {
  /** The name of the module. */
  readonly name: string;
  /** Does what a game does behind its loading screen, before the first frame. */
  load(): Promise<void>;
  /**
   * Does the scene's work of one frame. What it costs is measured as the network's part of the frame.
   *
   * @param dt Seconds since the last frame.
   */
  tick(dt: number): void;
  /**
   * Shows where things stand.
   *
   * @returns Lines for the screen, the same number each time.
   */
  rows(): Row[];
  /**
   * Tells what happened.
   *
   * @returns The last few entries, oldest first.
   */
  log(): readonly LogEntry[];
  /**
   * Shows where things stand in a few words, for output that is no terminal.
   *
   * @returns One line.
   */
  line(): string;
  /** Whether all that it has to show was to be seen. */
  readonly isComplete: boolean;
  /** Ends the scene, after the last frame: whatever is under way is waited for, or cancelled, and counted. */
  close(): Promise<void>;
  /**
   * Sums up the scene.
   *
   * @returns Plain data, to be printed as JSON.
   */
  summary(): Readonly<Record<string, unknown>>;
  /**
   * Sums up the scene for people.
   *
   * @returns Lines.
   */
  report(): string[];
}
