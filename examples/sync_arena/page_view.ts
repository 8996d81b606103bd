import type { Vec3 } from "../../core/mod.ts";
import type { EntityId } from "../../sync/mod.ts";
import { browser, type Drawing, type PageElement } from "./browser.ts";
import { type Controls, type Stick, STICK_REACH } from "./page_controls.ts";
import { FULL_HEALTH, HALF_SIZE, PLAYER_RADIUS } from "./arena_world.ts";

/** A player as it is to be drawn. */
export interface DrawnPlayer {
  readonly id: EntityId;
  readonly name: string;
  readonly health: number;
  readonly x: number;
  readonly z: number;
  /** Where it looks, in radians. */
  readonly rotation: number;
  readonly isOwn: boolean;
}

/** A cube as it is to be drawn. */
export interface DrawnCube {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Around the axis that goes up, in radians. */
  readonly turn: number;
}

interface Effect {
  readonly kind: "tracer" | "burst" | "mark";
  readonly x: number;
  readonly z: number;
  readonly toX: number;
  readonly toZ: number;
  readonly colour: string;
  readonly lifeMs: number;
  ageMs: number;
}

const OWN_COLOUR = "#5ce1e6";
const MAX_EFFECTS = 64;
/** So many units of the arena fit into the shorter side. */
const SHORT_SIDE = 34;
/** What is seen beyond the walls at most, in pixels: so much lies under the panels, where nobody can look. */
const MARGIN_X = 300;
const MARGIN_Y = 120;
/** How far from the canvas's edge that is shown of who is beyond it, in pixels. */
const EDGE = 14;

/** The colour of a player. */
export function colourOf(id: EntityId, isOwn: boolean): string {
  // The golden ratio keeps neighbours apart; what is near the own colour is left out.
  const turn = (id & 0xffff) * 0.618034 % 1 * 270;
  return isOwn ? OWN_COLOUR : `hsl(${Math.round(turn + 227) % 360} 85% 68%)`;
}

/** Draws the arena on a canvas. */
export class ArenaView {
  readonly #canvas: PageElement;
  readonly #pen: Drawing;
  readonly #isStill = browser.matchMedia("(prefers-reduced-motion: reduce)");
  readonly #effects: Effect[] = [];
  #width = 0;
  #height = 0;
  /** Pixels of a unit. */
  #unit = 1;
  #centreX = 0;
  #centreZ = 0;

  /** Draws on a canvas. */
  constructor(canvas: PageElement) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
  }

  /** Where a point of the arena is on the canvas, in pixels. */
  toScreen(x: number, z: number): { x: number; y: number } {
    return {
      x: this.#width / 2 + (x - this.#centreX) * this.#unit,
      y: this.#height / 2 + (z - this.#centreZ) * this.#unit,
    };
  }

  /** Shows a shot. */
  tracer(from: Vec3, toX: number, toZ: number, colour: string): void {
    const { x, z } = from;
    this.#add({ kind: "tracer", x, z, toX, toZ, colour, lifeMs: 160 });
  }

  /** Shows that somebody was hit, came or went. */
  burst(x: number, z: number, colour: string): void {
    const lifeMs = this.#isStill.matches ? 160 : 420;
    this.#add({ kind: "burst", x, z, toX: x, toZ: z, colour, lifeMs });
  }

  /** Shows that the server has confirmed a hit. */
  mark(x: number, z: number): void {
    const colour = "#ffffff";
    this.#add({ kind: "mark", x, z, toX: x, toZ: z, colour, lifeMs: 350 });
  }

  /**
   * Draws a frame.
   *
   * @param players Who is there.
   * @param cubes What flies above.
   * @param centre What is in the middle, as far as the walls allow.
   * @param controls What is held.
   * @param dt Seconds since the last frame.
   */
  draw(
    players: readonly DrawnPlayer[],
    cubes: readonly DrawnCube[],
    centre: { readonly x: number; readonly z: number },
    controls: Controls,
    dt: number,
  ): void {
    this.#fit();
    this.#centreX = this.#clamped(centre.x, this.#width, MARGIN_X);
    this.#centreZ = this.#clamped(centre.z, this.#height, MARGIN_Y);
    this.#floor();
    for (const cube of cubes) this.#shadow(cube);
    for (const player of players) if (!player.isOwn) this.#player(player);
    for (const player of players) if (player.isOwn) this.#player(player);
    this.#drawEffects(dt * 1_000);
    for (const cube of cubes) this.#cube(cube);
    for (const player of players) if (!player.isOwn) this.#pointer(player);
    for (const stick of [controls.moving, controls.aiming]) {
      if (stick !== undefined) this.#stick(stick);
    }
  }

  #add(effect: Omit<Effect, "ageMs">): void {
    if (this.#effects.length === MAX_EFFECTS) this.#effects.shift();
    this.#effects.push({ ...effect, ageMs: 0 });
  }

  /** Takes the canvas's size as it is now. */
  #fit(): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const ratio = Math.min(2, browser.devicePixelRatio);
    const width = Math.max(1, Math.round(clientWidth * ratio));
    const height = Math.max(1, Math.round(clientHeight * ratio));
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#unit = Math.min(clientWidth, clientHeight) / SHORT_SIDE;
    this.#pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  #clamped(at: number, pixels: number, margin: number): number {
    const beyond = Math.min(margin, 0.2 * pixels);
    const most = HALF_SIZE - (pixels / 2 - beyond) / this.#unit;
    return most <= 0 ? 0 : Math.min(most, Math.max(-most, at));
  }

  #floor(): void {
    const pen = this.#pen;
    pen.fillStyle = "#07090e";
    pen.fillRect(0, 0, this.#width, this.#height);
    const from = this.toScreen(-HALF_SIZE, -HALF_SIZE);
    const side = 2 * HALF_SIZE * this.#unit;
    pen.fillStyle = "#0d121c";
    pen.fillRect(from.x, from.y, side, side);
    for (const isMajor of [false, true]) {
      pen.beginPath();
      for (let at = -HALF_SIZE; at <= HALF_SIZE; at += 2) {
        if ((at % 8 === 0) !== isMajor) continue;
        const along = this.toScreen(at, at);
        pen.moveTo(along.x, from.y);
        pen.lineTo(along.x, from.y + side);
        pen.moveTo(from.x, along.y);
        pen.lineTo(from.x + side, along.y);
      }
      pen.lineWidth = 1;
      pen.strokeStyle = isMajor ? "#1d2941" : "#131b2b";
      pen.stroke();
    }
    pen.lineWidth = 6;
    pen.strokeStyle = "#16324a";
    pen.strokeRect(from.x, from.y, side, side);
    pen.lineWidth = 2;
    pen.strokeStyle = "#3f8fb5";
    pen.strokeRect(from.x, from.y, side, side);
  }

  #player(player: DrawnPlayer): void {
    const pen = this.#pen;
    const { x, y } = this.toScreen(player.x, player.z);
    const radius = PLAYER_RADIUS * this.#unit;
    const colour = colourOf(player.id, player.isOwn);
    pen.save();
    pen.translate(x, y);
    // What can be hit.
    pen.beginPath();
    pen.arc(0, 0, radius, 0, 2 * Math.PI);
    pen.globalAlpha = 0.16;
    pen.fillStyle = colour;
    pen.fill();
    pen.globalAlpha = player.isOwn ? 0.9 : 0.45;
    pen.lineWidth = player.isOwn ? 2 : 1.5;
    pen.strokeStyle = colour;
    pen.stroke();
    pen.globalAlpha = 1;
    // A rotation of 0 looks along z, which is downwards here.
    pen.rotate(Math.PI / 2 - player.rotation);
    pen.beginPath();
    pen.moveTo(radius * 1.15, 0);
    pen.lineTo(-radius * 0.75, radius * 0.68);
    pen.lineTo(-radius * 0.35, 0);
    pen.lineTo(-radius * 0.75, -radius * 0.68);
    pen.closePath();
    pen.fillStyle = colour;
    pen.fill();
    pen.restore();
    this.#label(player, x, y - radius * 1.45, colour);
  }

  #label(player: DrawnPlayer, x: number, y: number, colour: string): void {
    const pen = this.#pen;
    const width = Math.max(34, 2.6 * this.#unit);
    const share = Math.max(0, Math.min(1, player.health / FULL_HEALTH));
    pen.fillStyle = "#05070bd0";
    pen.fillRect(x - width / 2 - 1, y - 6, width + 2, 6);
    pen.fillStyle = share > 0.5
      ? "#63d69a"
      : share > 0.25
      ? "#f2b45c"
      : "#ff6b6b";
    pen.fillRect(x - width / 2, y - 5, width * share, 4);
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "bottom";
    pen.fillStyle = "#05070b";
    pen.fillText(player.name, x + 1, y - 8);
    pen.fillStyle = colour;
    pen.fillText(player.name, x, y - 9);
  }

  /** Points to who is out of sight. */
  #pointer({ id, x, z }: DrawnPlayer): void {
    const at = this.toScreen(x, z);
    const toX = Math.min(this.#width - EDGE, Math.max(EDGE, at.x));
    const toY = Math.min(this.#height - EDGE, Math.max(EDGE, at.y));
    const beyond = Math.hypot(at.x - toX, at.y - toY);
    if (beyond < EDGE + PLAYER_RADIUS * this.#unit) return;
    const pen = this.#pen;
    pen.save();
    pen.translate(toX, toY);
    pen.rotate(Math.atan2(at.y - toY, at.x - toX));
    pen.beginPath();
    pen.moveTo(8, 0);
    pen.lineTo(-5, 6);
    pen.lineTo(-5, -6);
    pen.closePath();
    pen.globalAlpha = 0.8;
    pen.fillStyle = colourOf(id, false);
    pen.fill();
    pen.restore();
  }

  #shadow({ x, y, z }: DrawnCube): void {
    const pen = this.#pen;
    const at = this.toScreen(x + 0.3 * y, z + 0.3 * y);
    pen.fillStyle = "#00000055";
    pen.beginPath();
    pen.arc(at.x, at.y, 0.55 * this.#unit, 0, 2 * Math.PI);
    pen.fill();
  }

  /** High above, so that it is in nobody's way. */
  #cube({ x, z, turn }: DrawnCube): void {
    const pen = this.#pen;
    const at = this.toScreen(x, z);
    const half = 0.5 * this.#unit;
    pen.save();
    pen.translate(at.x, at.y);
    pen.rotate(-turn);
    pen.globalAlpha = 0.55;
    pen.fillStyle = "#2a3853";
    pen.fillRect(-half, -half, 2 * half, 2 * half);
    pen.lineWidth = 1;
    pen.strokeStyle = "#6d86b3";
    pen.strokeRect(-half, -half, 2 * half, 2 * half);
    pen.restore();
  }

  #drawEffects(dtMs: number): void {
    const effects = this.#effects;
    for (const effect of effects) {
      this.#effect(effect);
      effect.ageMs += dtMs;
    }
    for (let i = effects.length - 1; i >= 0; i--) {
      if (effects[i]!.ageMs >= effects[i]!.lifeMs) effects.splice(i, 1);
    }
  }

  #effect(effect: Effect): void {
    const pen = this.#pen;
    const done = effect.ageMs / effect.lifeMs;
    const from = this.toScreen(effect.x, effect.z);
    pen.globalAlpha = this.#isStill.matches ? 0.8 : 1 - done;
    pen.strokeStyle = effect.colour;
    pen.lineCap = "round";
    pen.beginPath();
    if (effect.kind === "tracer") {
      const to = this.toScreen(effect.toX, effect.toZ);
      pen.moveTo(from.x, from.y);
      pen.lineTo(to.x, to.y);
      pen.lineWidth = 2.5;
    } else if (effect.kind === "burst") {
      const grown = this.#isStill.matches ? 0.4 : done;
      const radius = PLAYER_RADIUS * this.#unit * (1 + grown);
      pen.arc(from.x, from.y, radius, 0, 2 * Math.PI);
      pen.lineWidth = 3;
    } else {
      const outer = 0.9 * this.#unit;
      const inner = 0.4 * this.#unit;
      for (const [sx, sy] of [[1, 1], [1, -1], [-1, 1], [-1, -1]] as const) {
        pen.moveTo(from.x + sx * inner, from.y + sy * inner);
        pen.lineTo(from.x + sx * outer, from.y + sy * outer);
      }
      pen.lineWidth = 3;
    }
    pen.stroke();
    pen.globalAlpha = 1;
    pen.lineCap = "butt";
  }

  #stick({ x, y, toX, toY }: Stick): void {
    const pen = this.#pen;
    const length = Math.hypot(toX - x, toY - y);
    const share = length > STICK_REACH ? STICK_REACH / length : 1;
    pen.globalAlpha = 0.5;
    pen.lineWidth = 2;
    pen.strokeStyle = "#8fb4d8";
    pen.beginPath();
    pen.arc(x, y, STICK_REACH, 0, 2 * Math.PI);
    pen.stroke();
    pen.fillStyle = "#8fb4d8";
    pen.beginPath();
    pen.arc(x + (toX - x) * share, y + (toY - y) * share, 20, 0, 2 * Math.PI);
    pen.fill();
    pen.globalAlpha = 1;
  }
}
