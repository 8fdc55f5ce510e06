// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of compose are what this is about
import { expect, test } from "vitest";
import { parseDotEnv } from "./dot-env.ts";

const valuesOf = (text: string, environment = {}) => parseDotEnv(text, environment).values;

/** Each as docker compose 2 (compose-go's dotenv) reads it; docker-compose 1.29 agrees but for variables in unquoted values. */
test.each([
  ["A=1", "1"],
  ["  A = 1  ", "1"],
  ["export A=1", "1"],
  ["A: yaml", "yaml"],
  ["A=", ""],
  ["A=two words", "two words"],
  ["A=v # comment", "v"],
  ["A=a#b", "a#b"],
  ["A=a=b=c", "a=b=c"],
  ["A=it's", "it's"],
  ["A=`back`", "`back`"],
  ['A="with # hash" # comment', "with # hash"],
  ['A="line1\nline2"', "line1\nline2"],
  ["A='line1\nline2'", "line1\nline2"],
  ['A="a\\nb\\tc\\"d\\\\e\\qf"', 'a\nb\tc"d\\e\\qf'],
  ['A="\\0101"', "A"],
  ["A='a\\nb'", "a\\nb"],
  ["A='it\\'s'", "it's"],
  ["B=abc\nA=${B}-def", "abc-def"],
  ['B=abc\nA="$B"', "abc"],
  ["B=abc\nA='$B'", "$B"],
  ['B=abc\nA="\\$B $$B"', "$B $B"],
  ["A=${NONE:-other}", "other"],
  ["A=win\r\nB=x\r\n", "win"],
  ['A="win"\r\nB=x\r\n', "win"],
  ["\ufeffA=1", "1"],
  ["# A=0\n\n \t\nA=1", "1"],
])("%j", (text, value) => expect(valuesOf(text).A).toBe(value));

test("a name alone takes its value from the environment, and is left out where that has none", () => {
  expect(valuesOf("A\nB\n", { A: "from the shell" })).toEqual({ A: "from the shell" });
});

test("in a value the environment goes before the lines above", () => {
  expect(valuesOf("A=file\nB=$A\n", { A: "shell" })).toEqual({ A: "file", B: "shell" });
});

test("what cannot be read is reported by line, and the other lines are read", () => {
  expect(parseDotEnv('A=1\nnot a line\nB=2\nC="open\n', {})).toEqual({
    values: { A: "1", B: "2" },
    problems: [
      { line: 2, message: 'expected "NAME=value"' },
      { line: 4, message: 'the value of C has no closing "' },
    ],
  });
});
