import type { InputEvent, PageElement } from "./browser.ts";

/** A direction, and how far of it. */
export interface Push {
  readonly x: number;
  readonly z: number;
}

/** A finger that drags a stick. */
export interface Stick {
  /** Where it was put down, and where it is, in pixels of the canvas. */
  readonly x: number;
  readonly y: number;
  toX: number;
  toY: number;
}

const KEYS: Readonly<Record<string, Push>> = {
  KeyW: { x: 0, z: -1 },
  ArrowUp: { x: 0, z: -1 },
  KeyS: { x: 0, z: 1 },
  ArrowDown: { x: 0, z: 1 },
  KeyA: { x: -1, z: 0 },
  ArrowLeft: { x: -1, z: 0 },
  KeyD: { x: 1, z: 0 },
  ArrowRight: { x: 1, z: 0 },
};
const FIRE_KEY = "Space";
/** How far a finger drags a stick to its end, in pixels. */
export const STICK_REACH = 52;
const DEAD_PIXELS = 10;

/**
 * What the player wants: keys and the mouse, or two fingers, of which the one on the left moves and the one on the right
 * aims and shoots. Keys count while the canvas has the focus.
 */
export class Controls {
  /** Where the mouse points, in pixels of the canvas; `undefined` if there is none. */
  pointer: { readonly x: number; readonly y: number } | undefined;
  /** The finger that moves. */
  moving: Stick | undefined;
  /** The finger that aims. */
  aiming: Stick | undefined;
  readonly #canvas: PageElement;
  readonly #held = new Set<string>();
  readonly #sticks = new Map<number, Stick>();
  #isButtonDown = false;
  #facing: Push = { x: 0, z: -1 };

  /** Listens to a canvas. */
  constructor(canvas: PageElement) {
    this.#canvas = canvas;
    canvas.addEventListener("keydown", (event) => {
      if (event.code in KEYS || event.code === FIRE_KEY) {
        event.preventDefault();
        this.#held.add(event.code);
      }
    });
    canvas.addEventListener("keyup", ({ code }) => this.#held.delete(code));
    // Whoever looks elsewhere lets go.
    canvas.addEventListener("blur", () => this.release());
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(type, (event) => this.#up(event));
    }
  }

  /** Lets go of everything. */
  release(): void {
    this.#held.clear();
    this.#isButtonDown = false;
    this.#sticks.clear();
    this.moving = this.aiming = undefined;
  }

  /** Where to go, of length 1 at most. */
  get push(): Push {
    if (this.moving !== undefined) return pushOf(this.moving);
    let x = 0;
    let z = 0;
    for (const code of this.#held) {
      x += KEYS[code]?.x ?? 0;
      z += KEYS[code]?.z ?? 0;
    }
    // Two keys for the same way are no faster than one.
    const length = Math.sqrt(x * x + z * z);
    const push = length === 0
      ? { x: 0, z: 0 }
      : { x: x / length, z: z / length };
    if (length > 0) this.#facing = push;
    return push;
  }

  /** Whether to shoot. */
  get isFiring(): boolean {
    return this.#isButtonDown || this.#held.has(FIRE_KEY) ||
      this.aiming !== undefined && isPulled(this.aiming);
  }

  /**
   * Where to aim.
   *
   * @param x Where the player is, in pixels of the canvas.
   * @param y The same, downwards.
   * @returns A direction of length 1.
   */
  aimFrom(x: number, y: number): Push {
    const { aiming, moving, pointer } = this;
    if (aiming !== undefined && isPulled(aiming)) {
      this.#facing = towards(aiming.toX - aiming.x, aiming.toY - aiming.y) ??
        this.#facing;
    } else if (pointer !== undefined) {
      this.#facing = towards(pointer.x - x, pointer.y - y) ?? this.#facing;
    } else if (moving !== undefined && isPulled(moving)) {
      this.#facing = towards(moving.toX - moving.x, moving.toY - moving.y) ??
        this.#facing;
    }
    return this.#facing;
  }

  #down(event: InputEvent): void {
    this.#canvas.focus();
    const { pointerId, pointerType, button, offsetX: x, offsetY: y } = event;
    this.#canvas.setPointerCapture(pointerId);
    if (pointerType !== "touch") {
      this.pointer = { x, y };
      if (button === 0) this.#isButtonDown = true;
      return;
    }
    this.pointer = undefined;
    const stick = { x, y, toX: x, toY: y };
    const isLeft = x < this.#canvas.clientWidth / 2;
    if (isLeft && this.moving === undefined) this.moving = stick;
    else if (!isLeft && this.aiming === undefined) this.aiming = stick;
    else return;
    this.#sticks.set(pointerId, stick);
  }

  #move({ pointerId, pointerType, offsetX: x, offsetY: y }: InputEvent): void {
    if (pointerType !== "touch") this.pointer = { x, y };
    const stick = this.#sticks.get(pointerId);
    if (stick === undefined) return;
    stick.toX = x;
    stick.toY = y;
  }

  #up({ pointerId, pointerType, button }: InputEvent): void {
    // A pointer that is cancelled has no button.
    if (pointerType !== "touch" && button <= 0) this.#isButtonDown = false;
    const stick = this.#sticks.get(pointerId);
    this.#sticks.delete(pointerId);
    if (stick === undefined) return;
    if (stick === this.moving) this.moving = undefined;
    if (stick === this.aiming) this.aiming = undefined;
  }
}

function isPulled({ x, y, toX, toY }: Stick): boolean {
  return Math.hypot(toX - x, toY - y) > DEAD_PIXELS;
}

function pushOf(stick: Stick): Push {
  if (!isPulled(stick)) return { x: 0, z: 0 };
  const x = stick.toX - stick.x;
  const z = stick.toY - stick.y;
  const reach = Math.max(STICK_REACH, Math.hypot(x, z));
  return { x: x / reach, z: z / reach };
}

function towards(x: number, z: number): Push | undefined {
  const length = Math.hypot(x, z);
  return length === 0 ? undefined : { x: x / length, z: z / length };
}
