// Looks for bytes that reach all code of the decoders: see `coverage_search.ts`. Prints what it found as JSON.
//
//     deno run -A protocol/_testing/fuzz_search.ts [seed [inputs made of nothing [inputs made of the vectors as well]]]
import { printSearch } from "./coverage_search.ts";
import type { Scope } from "./fuzz_coverage.ts";

/** Which functions read bytes from anybody. */
const DECODERS: Scope = {
  "_bit_width.ts": /./,
  "deflate.ts": /^(?!deflateRaw|collect|Codes class|meaningOf)/,
  "_position.ts": /./,
  "_token_body.ts": /^parseToken/,
  "utf8.ts": /^(readUtf8|skipAscii|readAscii|readShort|low6|isUtf8From)/,
  "ack_window.ts": /^(?!reset)/,
  "angle_quantizer.ts": /^fromIndex/,
  "bit_reader.ts": /./,
  "byte_reader.ts": /./,
  "connection_token.ts": /^(fromBytes|tryFromBytes|tokenError)/,
  "contract_handshake.ts": /^(?!hello |get toldCount)/,
  "fields/": /^(read | \(reader\)=|readFiniteF32)/,
  "float_quantizer.ts": /^fromIndex/,
  "lz4.ts": /^(decompressLz4|checkRange)/,
  "packet_decoder.ts": /./,
  "packet_filter.ts": /^(check|isSeen|clearBetween) /,
  "packet_header.ts": /./,
  "packet_kind.ts": /^isPacketKind/,
  "packet_view.ts": /./,
  "payload_compression.ts": /^(inflatePayload|invalid) /,
  "quat_quantizer.ts": /^(fromParts|isLargest) /,
  "sequence.ts": /^sequenceDistance/,
};

await printSearch({
  root: new URL("../", import.meta.url).href,
  scope: DECODERS,
  load: async () => (await import("./fuzz_targets.ts")).TARGETS,
}, Deno.args.map(Number));
