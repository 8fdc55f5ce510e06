import { describe, expect, test } from "vitest";
import {
  EnvironmentError,
  type EnvironmentReader,
  parseDurationMs,
  readEnvironment,
  type Variables,
} from "./environment.ts";

function problemsOf(variables: Variables, read: (environment: EnvironmentReader) => unknown): string {
  try {
    readEnvironment(variables, read);
  } catch (error) {
    expect(error).toBeInstanceOf(EnvironmentError);
    return (error as Error).message;
  }
  throw new Error("no problem was found");
}

describe("durations", () => {
  test.each([
    ["1ms", 1],
    ["500ms", 500],
    ["5s", 5_000],
    ["1.5s", 1_500],
    ["5m", 300_000],
    [" 2s ", 2_000],
    ["24m", 1_440_000],
  ])("%s is %i ms", (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  test.each(["", "5", "s", "0s", "0.1ms", "-1s", "5h", "1e3s", "5 s", "1441m", "Infinitys", "5s5s"])(
    "%j is not a duration",
    (text) => expect(parseDurationMs(text)).toBeUndefined(),
  );
});

describe("reading", () => {
  test("uses set values, and defaults for the others", () => {
    const read = (environment: EnvironmentReader) => ({
      host: environment.optionalString("HOST") ?? "127.0.0.1",
      port: environment.port(8080),
      ttlMs: environment.durationMs("TTL", "5m"),
      hosts: environment.list("ALLOWED_HOSTS"),
      planner: environment.oneOf("PLANNER", ["scripted", "model"], "scripted"),
      url: environment.httpUrl("URL", "http://localhost"),
      after: environment.optionalDurationMs("AFTER", "2s"),
    });
    expect(readEnvironment({ URL: "https://x.example/y" }, read)).toEqual({
      host: "127.0.0.1",
      port: 8080,
      ttlMs: 300_000,
      hosts: [],
      planner: "scripted",
      url: "https://x.example/y",
      after: undefined,
    });
    const set = {
      HOST: "::1",
      PORT: "0",
      TTL: "15s",
      ALLOWED_HOSTS: " a, ,b:1 ,",
      PLANNER: "model",
      URL: "http://y",
      AFTER: "9ms",
    };
    expect(readEnvironment(set, read)).toEqual({
      host: "::1",
      port: 0,
      ttlMs: 15_000,
      hosts: ["a", "b:1"],
      planner: "model",
      url: "http://y",
      after: 9,
    });
  });

  test("treats an empty variable as absent", () => {
    expect(readEnvironment({ PORT: "", HOST: "  " }, (e) => [e.port(1), e.optionalString("HOST")])).toEqual([
      1,
      undefined,
    ]);
  });

  test("reports every problem, with the variable, its value and an example", () => {
    const message = problemsOf({ PORT: "80a", TTL: "soon", PLANNER: "ai", URL: "ftp://x" }, (environment) => {
      environment.port(8080);
      environment.durationMs("TTL", "5m");
      environment.oneOf("PLANNER", ["scripted", "model"], "scripted");
      environment.httpUrl("URL", "http://localhost:1/mcp");
      environment.string("SECRET", "a-secret");
    });
    expect(message.split("\n")).toEqual([
      'PORT is "80a": expected a whole number from 0 to 65535, for example PORT=8080',
      'TTL is "soon": expected a duration such as 500ms, 5s or 5m, above zero and at most 24 hours, for example TTL=5m',
      'PLANNER is "ai": expected one of scripted, model, for example PLANNER=scripted',
      'URL is "ftp://x": expected an http or https URL, for example URL=http://localhost:1/mcp',
      "SECRET is not set. Set it, for example SECRET=a-secret",
    ]);
  });

  test.each(["-1", "65536", "1.5", "0x10", "1e3", "９"])("PORT=%s is refused", (PORT) => {
    expect(problemsOf({ PORT }, (environment) => environment.port(1))).toContain("PORT is");
  });
});
