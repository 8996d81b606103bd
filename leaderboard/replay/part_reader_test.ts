import { addHoldTests } from "../../http/server/_testing/hold.ts";
import { PartReader } from "./_part_reader.ts";

addHoldTests(
  "PartReader",
  (request) => new PartReader().read("upload", request),
);
