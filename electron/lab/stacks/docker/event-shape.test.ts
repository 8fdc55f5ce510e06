import { describe, expect, test } from "vitest";
import { readEvent } from "./event-shape.ts";

const labels = { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" };

describe("an event is understood", () => {
  test.each([
    [
      "with both shapes at once",
      {
        status: "die",
        id: "c1",
        Type: "container",
        Action: "die",
        Actor: { ID: "c1", Attributes: { ...labels, exitCode: "137" } },
      },
    ],
    [
      "in the new shape alone",
      { Type: "container", Action: "die", Actor: { ID: "c1", Attributes: { ...labels, exitCode: "137" } } },
    ],
  ])("%s", (_what, event) => {
    expect(readEvent(JSON.stringify(event))).toEqual({
      container: "c1",
      action: "die",
      health: undefined,
      exitCode: 137,
      project: "shop",
      service: "web",
    });
  });

  test("in the old shape alone, which says only what and whom", () => {
    const event = readEvent(JSON.stringify({ status: "pause", id: "c1", from: "web:1", time: 1 }));
    expect(event).toMatchObject({ container: "c1", action: "pause", project: undefined });
  });

  test("of health, with its suffix", () => {
    const event = {
      status: "health_status: unhealthy",
      id: "c1",
      Type: "container",
      Action: "health_status: unhealthy",
    };
    expect(readEvent(JSON.stringify(event))).toMatchObject({ action: "health_status", health: "unhealthy" });
  });

  test("of a network, by the container among its attributes", () => {
    const event = {
      Type: "network",
      Action: "disconnect",
      Actor: { ID: "n1", Attributes: { container: "c1", name: "x" } },
    };
    expect(readEvent(JSON.stringify(event))).toMatchObject({ container: "c1", action: "disconnect" });
  });
});

test.each([
  ["of an image", JSON.stringify({ Type: "image", Action: "pull", Actor: { ID: "x" } })],
  [
    "of a command inside a container",
    JSON.stringify({ Type: "container", Action: "exec_start: sh", Actor: { ID: "x" } }),
  ],
  ["of a network without a container", JSON.stringify({ Type: "network", Action: "create", Actor: { ID: "n1" } })],
  ["that is cut off", '{"Type":"cont'],
  ["that is no object", "null"],
])("an event %s is passed over", (_what, line) => expect(readEvent(line)).toBeUndefined());
