// This module is browser compatible.

/**
 * What the package's HTTP servers share: problems and their answers, bodies that are read within bounds, paths and
 * queries, API keys, limits, CORS, pages, metrics and logs. It is no entry of the package: each server says in its own words
 * what it does. What runs a server on Deno is in `serve_deno.ts` and `serve_options_deno.ts` beside it.
 *
 * @module
 */

export * from "./api_keys.ts";
export * from "./cors.ts";
export * from "./gunzip.ts";
export * from "./http_problem.ts";
export * from "./in_flight.ts";
export * from "./line_log.ts";
export * from "./metric_makers.ts";
export * from "./page_answer.ts";
export * from "./paths.ts";
export * from "./query.ts";
export * from "./rate_limits.ts";
export * from "./read_body.ts";
export * from "./route_table.ts";
