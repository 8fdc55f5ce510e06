import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { layOutTree } from "../../model/span-tree.ts";
import { readTraceFile } from "../trace-files/read-trace-file.ts";

/** Rows of a sample's only trace, in microseconds. */
function rowsOf(name: string) {
  const [trace] = readTraceFile(readFileSync(join(import.meta.dirname, "testing", "traces", name))).traces;
  return layOutTree(
    (trace?.spans ?? []).map((span) => ({
      id: span.spanId,
      parent: span.parentId,
      start: span.startUs,
      end: span.endUs ?? span.startUs,
      name: span.name,
    })),
  );
}

test("self times of a sample are those computed manually from its file", () => {
  const rows = rowsOf("helm.json");
  const selfOf = (id: string) => rows.find(({ span }) => span.id === id)?.self;
  // openai.chat lasts 2,274,805 and its only child, the POST, 2,248,774.
  expect(selfOf("6c728e555894414d")).toBe(2_274_805 - 2_248_774);
  // A span without children.
  expect(selfOf("3a7d471d8e5e918a")).toBe(2_248_774);
});

test("the critical path of a sample is the one found manually in its file", () => {
  const critical = rowsOf("helm.json").filter(({ isCritical }) => isCritical);
  // The root ends at 4,180,457. Of its children "http receive" ends last, 35 later, and began at 1,346; before that, the one
  // that ended last is the dequeueing of an event at 1,240, and so on to the first "http receive".
  expect(critical.map(({ span }) => span.id)).toEqual([
    "e3daa973379bbe3b",
    "fd99c7f8d7003492",
    "26d5638aa30d6381",
    "20d67cf81352254d",
    "1873588855d653d0",
    "86c15eb12e54aded",
    "30799c54aba03a1b",
    "821f23e44f51ba98",
    "26d291a016f32980",
    "02aaa8233730ae14",
  ]);
});

test("self times and the critical path of the sample of Tempo are those computed from its file by sweeping over it", () => {
  const rows = rowsOf("tempo_export_with_batches.json");
  expect([rows.length, rows.filter(({ parentRow }) => parentRow < 0).length]).toEqual([86, 10]);
  // The time of each span in which none of its children was in progress: between each two of their starts and ends.
  const selves = Object.fromEntries(rows.map(({ span, self }) => [span.id, self]));
  expect(selves).toMatchObject({
    e42666557c259fbf: 6_079,
    c05a7cb43a326b4f: 11_986,
    eb7f99f3e3ec5041: 20_608,
    "0eada367953b97e2": 1_622,
    "6ed9a13ee02d7cab": 9_014,
  });
  // From the end of all backwards: each of these ends last below the one before it, and began before what else there is.
  expect(rows.filter(({ isCritical }) => isCritical).map(({ span }) => span.id)).toEqual([
    ...["529566afa763bd4d", "79f1c6b28f13ea1c", "e42666557c259fbf", "dfd6b6cf79ba9e51"],
  ]);
});
