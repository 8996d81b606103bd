// This module is browser compatible.
import { addMatches, type Span } from "./_span.ts";

/** A home directory, from the root: "scenes/home/kitchen" is none. */
const HOME =
  /(?<![A-Za-z0-9_.-])(?:[A-Za-z]:)?[\\/]{1,3}(?:(?:usr|var|export|mnt|data|private|[A-Za-z])[\\/]{1,2}){0,2}(?:home|users|documents and settings)[\\/]{1,3}[^\\/\s]{1,64}/gi;
const CREDENTIALS = /:\/\/[^/\s@]{1,256}@/g;
/** A page of somebody, by what its path says. */
const PROFILE =
  /(?:https?:\/\/|www\.)[^\s/]{1,128}\/(?:[^\s/]{1,32}\/){0,2}(?:u|user|users|profiles?|id|in|people|members?|players?|accounts?)\/[^\s/]{1,64}/gi;
/** The same, by where it is. */
const SOCIAL =
  /(?<![A-Za-z0-9-])(?:twitter|x|facebook|fb|instagram|tiktok|linkedin|github|gitlab|twitch|youtube|reddit|steamcommunity|pinterest|snapchat|vk|t|discord|bsky)\.(?:com|tv|me|gg|app)\/[^\s/]{1,64}/gi;

/** Paths in home directories, and URLs with credentials or of somebody's page. */
export function findPlaces(text: string, spans: Span[]): void {
  if (!/[\\/]/.test(text)) return;
  addMatches(text, HOME, "path", spans);
  addMatches(text, CREDENTIALS, "url", spans);
  addMatches(text, PROFILE, "url", spans);
  addMatches(text, SOCIAL, "url", spans);
}
