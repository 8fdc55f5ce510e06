// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of compose are what this is about
import { describe, expect, test } from "vitest";
import { interpolate } from "./interpolation.ts";

const environment = { NAME: "ann", EMPTY: "", PORT: "80" };
const never = (_path: readonly PropertyKey[], message: string): void => {
  throw new Error(message);
};
const fill = (text: string) => interpolate(text, environment, never);

describe("fills in, as compose does", () => {
  test.each([
    ["$NAME and ${NAME}", "ann and ann"],
    ["${NAME:-x} ${NAME-x}", "ann ann"],
    ["${EMPTY:-x} ${EMPTY-x}", "x "],
    ["${NONE:-x} ${NONE-x} ${NONE:-}", "x x "],
    ["${NAME:?no} ${EMPTY?no}", "ann "],
    ["$NONE${NONE}", ""],
    ["$$NAME $${NAME} $$", "$NAME ${NAME} $"],
    ["http://h:${PORT:-8080}/p", "http://h:80/p"],
    ['${NONE:-{"a": 1}}', '{"a": 1}'],
    ["100% $ 5$", "100% $ 5$"],
    ["$NAME.x $NAMES", "ann.x "],
    ["${NONE:-${NAME}} ${NONE:-a${PORT}b}", "ann a80b"],
    ["${NONE:-${EMPTY:-${NAME}}}", "ann"],
    ["${NAME:+x} ${EMPTY:+x} ${EMPTY+x} ${NONE+x}", "x  x "],
    ["${NAME:+${PORT}}", "80"],
  ])("%s", (text, filled) => expect(fill(text)).toBe(filled));
});

test("goes through lists and maps, leaves names and other values alone", () => {
  const value = { $NAME: ["$NAME", 1, null, true, { deep: "${PORT}" }] };
  expect(interpolate(value, environment, never)).toEqual({ $NAME: ["ann", 1, null, true, { deep: "80" }] });
});

test.each(["${NAME", "${1}", "${NAME:x}", "${}"])("%s is not passed over in silence", (text) => {
  const told: string[] = [];
  interpolate({ a: text }, environment, (path, message) => told.push(`${path.join(".")}: ${message}`));
  expect(told).toEqual([expect.stringMatching(/^a: this use of a variable is not understood/)]);
});

test("a variable that is required and missing is told with its place and the message", () => {
  const told: string[] = [];
  interpolate({ a: ["x", "${NONE:?set it}"], b: "${EMPTY:?}", c: "${GONE?}" }, environment, (path, message) => {
    told.push(`${path.join(".")}: ${message}`);
  });
  expect(told).toEqual(["a.1: NONE is not set: set it", "b: EMPTY is not set", "c: GONE is not set"]);
});

test("what is filled in is not filled in again", () => {
  expect(interpolate("$A", { A: "$NAME", NAME: "ann" }, never)).toBe("$NAME");
});
