// This module is browser compatible.

/** What is between spaces, quotes and brackets. */
const WORD = /[^\s"'`()<>[\]{},;|]+/g;
/** Line and column behind a path, and behind the query of a URL. */
const POSITION = /(?::\d{1,9}){1,2}$/;
const SCHEME = /[A-Za-z][A-Za-z0-9+.-]{0,31}:\/\//;
const FROM_ROOT = /^(?:[A-Za-z]:)?[\\/]|^~/;
const EXTENSION = /\.[A-Za-z][A-Za-z0-9]{0,9}$/;
/** Where a name with spaces in it may have cut a path in two. */
const IN_HOME = /(?:home|users|documents and settings)[\\/][^\\/]*$/i;

/** What stands for a path whose last part may be somebody's as well. */
const UNKNOWN = "<path>";

/** Puts the last part of each path and URL in its place, with line and column: what stands before it names somebody. */
export function shortenPaths(text: string): string {
  if (!/[\\/]/.test(text)) return text;
  // Not one text that grows, whose end would be looked at: that copies all of it each time.
  const parts: string[] = [];
  let from = 0;
  let pathEnd = -1;
  for (const match of text.matchAll(WORD)) {
    const word = match[0];
    const start = match.index;
    const isNext = start === pathEnd + 1 && text[pathEnd] === " ";
    // "C:\Users\Ada Lovelace\game": the rest of a name.
    if (isNext && (/^[A-Z]/.test(word) || /[\\/]/.test(word))) {
      const end = start + word.length;
      from = end;
      if (/[\\/]/.test(word)) {
        // It is the last part of the path before.
        parts.push(parts.pop()!.slice(0, -UNKNOWN.length), lastPart(word));
        pathEnd = -1;
      } else pathEnd = end;
      continue;
    }
    pathEnd = -1;
    const short = shorten(word);
    if (short === word) continue;
    parts.push(text.slice(from, start) + short);
    from = start + word.length;
    if (short.endsWith(UNKNOWN) && IN_HOME.test(word)) pathEnd = from;
  }
  parts.push(text.slice(from));
  return parts.join("");
}

function shorten(word: string): string {
  if (!/[\\/]/.test(word)) return word;
  const scheme = SCHEME.exec(word);
  if (scheme !== null) {
    // "load@file:///…" is a line of a stack in some engines.
    const before = word.slice(0, scheme.index);
    const url = word.slice(scheme.index + scheme[0].length);
    const path = /[\\/]/.test(url) ? lastPart(url) : "<url>";
    return before.endsWith("@")
      ? `${before.slice(0, -1)} @ ${path}`
      : before + path;
  }
  const separators = word.match(/[\\/]/g)!.length;
  const isPath = FROM_ROOT.test(word) || separators >= 2 ||
    word.includes("\\") || POSITION.test(word) || EXTENSION.test(word);
  return isPath ? lastPart(word) : word;
}

/** `<path>` where it has neither an extension nor a line: then it may be a directory, and that somebody's. */
function lastPart(path: string): string {
  const position = POSITION.exec(path)?.[0] ?? "";
  const clean = path.slice(0, path.length - position.length).replace(
    /[?#].*$/s,
    "",
  );
  const last = clean.slice(
    Math.max(clean.lastIndexOf("/"), clean.lastIndexOf("\\")) + 1,
  );
  if (last !== "" && (position !== "" || EXTENSION.test(last))) {
    return last + position;
  }
  return UNKNOWN;
}
