// This module is browser compatible.
import type { Analytics } from "./analytics.ts";

/** What {@linkcode installPageHandlers} needs of a `Window`. */
export interface PageTarget {
  /** The document, whose visibility counts. */
  readonly document: {
    /** `"hidden"` when nobody sees the page. */
    readonly visibilityState: string;
    /** Begins to listen. */
    addEventListener(type: string, listener: (event: unknown) => void): void;
    /** Ends it. */
    removeEventListener(type: string, listener: (event: unknown) => void): void;
  };
  /** Begins to listen. */
  addEventListener(type: string, listener: (event: unknown) => void): void;
  /** Ends it. */
  removeEventListener(type: string, listener: (event: unknown) => void): void;
}

/**
 * Has a page send what would be lost when it is hidden or closed: a hidden page on a telephone is often never seen again,
 * and hears nothing when it ends.
 *
 * @param analytics Whose events.
 * @param target The page: `window`.
 * @returns What stops it.
 *
 * @example A page that is closed
 * ```ts
 * import { Analytics, installPageHandlers } from "@tickwire/net/analytics";
 *
 * const page = Object.assign(new EventTarget(), { // window, in a page
 *   document: Object.assign(new EventTarget(), { visibilityState: "visible" }),
 * });
 * const analytics = new Analytics("1.2.0", "web");
 * const stop = installPageHandlers(analytics, page);
 * page.dispatchEvent(new Event("pagehide"));
 * stop();
 * ```
 */
export function installPageHandlers(
  analytics: Analytics,
  target: PageTarget,
): () => void {
  const { document } = target;
  const onVisibility = (): void => {
    if (document.visibilityState === "hidden") analytics.handlePageHide();
  };
  const onPageHide = (event: unknown): void => {
    // A page that is kept may be shown again, with its session.
    const { persisted } = event as { persisted?: boolean };
    analytics.handlePageHide(persisted !== true);
  };
  document.addEventListener("visibilitychange", onVisibility);
  target.addEventListener("pagehide", onPageHide);
  return () => {
    document.removeEventListener("visibilitychange", onVisibility);
    target.removeEventListener("pagehide", onPageHide);
  };
}
