import { describe, expect, test } from "vitest";
import { refusalOf } from "./guard.ts";

describe("hosts", () => {
  test.each(["localhost", "localhost:18080", "127.0.0.1", "127.0.0.1:80", "127.1.2.3:9", "[::1]:8080", "LOCALHOST:1"])(
    "%s is served",
    (host) => expect(refusalOf({ host }, [])).toBeUndefined(),
  );

  test.each([
    "",
    "evil.example",
    "evil.example:18080",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil@localhost",
    "localhost/evil",
    "192.168.1.2",
    "0.0.0.0",
    "[::2]",
    "gateway",
  ])("%j is refused", (host) => expect(refusalOf({ host }, [])).toContain("Host"));

  test("a missing one is refused", () => expect(refusalOf({}, ["gateway"])).toContain("Host"));

  test("allowed names are served, with any port or with the named one", () => {
    const allowed = ["gateway", "slack:8090"];
    expect(refusalOf({ host: "gateway:8080" }, allowed)).toBeUndefined();
    expect(refusalOf({ host: "Gateway" }, allowed)).toBeUndefined();
    expect(refusalOf({ host: "slack:8090" }, allowed)).toBeUndefined();
    expect(refusalOf({ host: "slack:8091" }, allowed)).toContain("ALLOWED_HOSTS");
    expect(refusalOf({ host: "gateway.evil.example" }, allowed)).toContain("ALLOWED_HOSTS");
  });
});

describe("origins", () => {
  const host = "localhost:1";

  test.each([undefined, "http://localhost:5173", "https://127.0.0.1", "http://[::1]:3", "http://gateway:1"])(
    "%s is allowed",
    (origin) => expect(refusalOf({ host, ...(origin ? { origin } : {}) }, ["gateway"])).toBeUndefined(),
  );

  test.each(["null", "", "http://evil.example", "http://localhost.evil.example", "file://", "app://lab", "localhost"])(
    "%j is refused",
    (origin) => expect(refusalOf({ host, origin }, ["gateway"])).toContain("Origin"),
  );
});
