// This module is browser compatible.

// Every form is of bounded length, so a longer text needs no look at all.
const MAX_DATE_LENGTH = 36;

// RFC 9110 section 5.6.7. RFC 9111 section 4.2 asks caches to ignore case, and to take a date with any zone but
// "GMT" for invalid; so are missing commas, other separators and missing digits.
const IMF_FIXDATE =
  /^(?:mon|tue|wed|thu|fri|sat|sun), (\d\d) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) gmt$/i;
const RFC_850_DATE =
  /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\d\d)-([a-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) gmt$/i;
const ASCTIME_DATE =
  /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) (\d\d| \d) (\d\d):(\d\d):(\d\d) (\d{4})$/i;

const MONTHS: readonly string[] = [
  "jan",
  "feb",
  "mar",
  "apr",
  "may",
  "jun",
  "jul",
  "aug",
  "sep",
  "oct",
  "nov",
  "dec",
];

/**
 * Parses an HTTP date in any of its three forms (RFC 9110 section 5.6.7).
 *
 * Strict, as a cache must be: a date in another time zone, with a part missing or
 * out of range, or in any other format is invalid, never guessed at. Case is ignored
 * (RFC 9111 section 4.2). The name of the day is not compared with
 * the date. A leap second counts as the second before it.
 *
 * @param text The field's value, without surrounding white space.
 * @param nowEpochMs The current time in milliseconds since the epoch. It places the two-digit year
 * of the RFC 850 form: a date that appears to be more than 50 years ahead is in the past.
 * @returns Milliseconds since the epoch, or `undefined` if the text is no valid HTTP date.
 */
export function parseHttpDate(
  text: string,
  nowEpochMs: number,
): number | undefined {
  if (text.length > MAX_DATE_LENGTH) return undefined;
  let match = IMF_FIXDATE.exec(text);
  if (match !== null) {
    const [, day, month, year, hour, minute, second] = match;
    return toEpochMs(+year!, month!, +day!, +hour!, +minute!, +second!);
  }
  match = RFC_850_DATE.exec(text);
  if (match !== null) {
    const [, day, month, shortYear, hour, minute, second] = match;
    const nowYear = new Date(nowEpochMs).getUTCFullYear();
    // The last such year within 50 years from now, so that the same text a century later means another date.
    let year = nowYear - nowYear % 100 + 100 + +shortYear!;
    while (year > nowYear + 50) year -= 100;
    const date = toEpochMs(year, month!, +day!, +hour!, +minute!, +second!);
    if (date === undefined || date <= addYears(nowEpochMs, 50)) return date;
    return toEpochMs(year - 100, month!, +day!, +hour!, +minute!, +second!);
  }
  match = ASCTIME_DATE.exec(text);
  if (match !== null) {
    const [, month, day, hour, minute, second, year] = match;
    return toEpochMs(+year!, month!, +day!, +hour!, +minute!, +second!);
  }
  return undefined;
}

/**
 * Formats a time as an HTTP date (IMF-fixdate, RFC 9110 section 5.6.7).
 *
 * @param epochMs Milliseconds since the epoch, within the years 0 to 9999. Parts of a second are cut off.
 * @returns The date, such as "Sun, 06 Nov 1994 08:49:37 GMT".
 * @throws {RangeError} If the time is not within the years 0 to 9999.
 */
export function formatHttpDate(epochMs: number): string {
  const date = new Date(epochMs);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) {
    throw new RangeError(
      `Cannot format HTTP date as its year must be from 0 to 9999: current value is ${epochMs} ms`,
    );
  }
  return date.toUTCString();
}

function toEpochMs(
  year: number,
  monthName: string,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  const month = MONTHS.indexOf(monthName.toLowerCase());
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(Date.UTC(year, month, day));
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; setUTCFullYear does not, but costs several times more.
  if (year < 100) date.setUTCFullYear(year, month, day);
  if (date.getUTCDate() !== day) return undefined;
  return date.getTime() +
    ((hour * 60 + minute) * 60 + Math.min(second, 59)) * 1000;
}

function addYears(epochMs: number, years: number): number {
  const date = new Date(epochMs);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}
