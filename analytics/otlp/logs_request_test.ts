import { assert, assertEquals } from "@std/assert";
import { makeRows, rowOf, START_MS } from "./_testing/event_rows.ts";
import {
  LOGS_REQUEST,
  throughProtobuf,
  withoutEmpty,
} from "./_testing/otlp_proto.ts";
import { toLogsRequest } from "./logs_request.ts";
import type { OtlpLogRecord } from "./otlp_types.ts";

function recordsOf(request: ReturnType<typeof toLogsRequest>): OtlpLogRecord[] {
  return request.resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords)
  );
}

function attributesOf(record: OtlpLogRecord): Record<string, unknown> {
  return Object.fromEntries(
    record.attributes.map(({ key, value }) => [key, value]),
  );
}

Deno.test("toLogsRequest() is read by the official messages without loss", () => {
  const rows = [
    ...makeRows(100),
    rowOf({
      id: 101,
      name: "bossEncounter",
      common: '{"region":"eu","isBeta":true,"load":0.5}',
      data:
        '{"boss":"slug","floor":-2,"won":false,"durationMs":9007199254740991,"damageDealt":1.5}',
    }),
    rowOf({
      id: 102,
      name: "exception",
      platform: "Ünknown",
      data:
        '{"name":"TypeError","message":"☃ \\u0000","stack":"","isFatal":true,"count":2}',
    }),
  ];
  const request = toLogsRequest(rows, { observedMs: START_MS + 5 });
  assertEquals(
    throughProtobuf(LOGS_REQUEST, JSON.stringify(request)),
    withoutEmpty(request) as Record<string, unknown>,
  );
  assertEquals(recordsOf(request).length, 92);
});

Deno.test("toLogsRequest() says whose an event is, and what tells it from a duplicate", () => {
  const request = toLogsRequest([
    rowOf({
      number: 17,
      name: "death",
      data: '{"cause":"spikes","floor":3}',
      common: '{"cause":"none"}',
    }),
  ], { observedMs: START_MS + 5 });
  assertEquals(request.resourceLogs[0]!.resource.attributes, [
    { key: "service.name", value: { stringValue: "main" } },
    { key: "service.version", value: { stringValue: "1.2.0" } },
    { key: "tickwire.platform", value: { stringValue: "linux" } },
    { key: "os.type", value: { stringValue: "linux" } },
  ]);
  const [record] = recordsOf(request);
  assertEquals(record, {
    timeUnixNano: "1764115200000000000",
    observedTimeUnixNano: "1764115200005000000",
    severityNumber: 9,
    eventName: "death",
    body: { stringValue: "death" },
    attributes: [
      {
        key: "log.record.uid",
        value: { stringValue: "AAECAwQFBgcICQoLDA0ODw.17" },
      },
      { key: "session.id", value: { stringValue: "AAECAwQFBgcICQoLDA0ODw" } },
      { key: "user.hash", value: { stringValue: "EBESExQVFhcYGRobHB0eHw" } },
      { key: "common.cause", value: { stringValue: "none" } },
      { key: "cause", value: { stringValue: "spikes" } },
      { key: "floor", value: { intValue: "3" } },
    ],
  });
});

Deno.test("toLogsRequest() gives a field one type by its definition", () => {
  const events = [{
    name: "jump",
    fields: { height: { kind: "float" }, jumps: { kind: "int" } },
  }] as const;
  const rows = [2, 2.5].map((height, number) =>
    rowOf({ number, name: "jump", data: JSON.stringify({ height, jumps: 2 }) })
  );
  const records = recordsOf(toLogsRequest(rows, { events }));
  assertEquals(records.map((record) => attributesOf(record).height), [
    { doubleValue: 2 },
    { doubleValue: 2.5 },
  ]);
  assertEquals(attributesOf(records[0]!).jumps, { intValue: "2" });
  const [death] = recordsOf(toLogsRequest([
    rowOf({ name: "death", data: '{"cause":"spikes","floor":3,"x":7}' }),
  ]));
  assertEquals(attributesOf(death!).floor, { intValue: "3" });
  assertEquals(attributesOf(death!).x, { doubleValue: 7 });
});

Deno.test("toLogsRequest() names an exception as the semantic conventions do", () => {
  const data = {
    name: "TypeError",
    message: "no",
    stack: "at x",
    isFatal: false,
    count: 1,
  };
  const records = recordsOf(toLogsRequest([
    rowOf({ name: "exception", data: JSON.stringify(data) }),
    rowOf({
      name: "exception",
      data: JSON.stringify({ ...data, isFatal: true }),
    }),
  ]));
  assertEquals(records.map(({ severityNumber }) => severityNumber), [17, 21]);
  const attributes = attributesOf(records[0]!);
  assertEquals(attributes["exception.type"], { stringValue: "TypeError" });
  assertEquals(attributes["exception.message"], { stringValue: "no" });
  assertEquals(attributes["exception.stacktrace"], { stringValue: "at x" });
  assertEquals(attributes.isFatal, { boolValue: false });
});

Deno.test("toLogsRequest() leaves out what is no field, and what are sketches", () => {
  const records = recordsOf(toLogsRequest([
    rowOf({ data: "no JSON", common: "[1]" }),
    rowOf({
      data: '{"a":null,"b":[1],"c":{},"d":1e999,"key":"x"}',
      common: "null",
    }),
    rowOf({ name: "frameTime", data: '{"sketch":[0,0,0,0],"hitches":0}' }),
    rowOf({ name: "memoryUsage", data: '{"sketch":[0,0,0,0]}' }),
  ]));
  assertEquals(records.length, 2);
  assertEquals(records.map(({ attributes }) => attributes.length), [3, 4]);
  assertEquals(toLogsRequest([]), { resourceLogs: [] });
});

Deno.test("toLogsRequest() keeps what comes from different places apart", () => {
  const rows = [
    rowOf({ title: "a", build: "b" }),
    rowOf({ title: "a", build: "c" }),
    rowOf({ title: "a", build: "b", platform: "Windows" }),
    rowOf({ title: "a", build: "b" }),
  ];
  const { resourceLogs } = toLogsRequest(rows);
  assertEquals(
    resourceLogs.map(({ scopeLogs }) => scopeLogs[0]!.logRecords.length),
    [2, 1, 1],
  );
  assert(
    resourceLogs[2]!.resource.attributes.some(({ key, value }) =>
      key === "os.type" && value.stringValue === "windows"
    ),
  );
});
