import { expect, test } from "vitest";
import { layOutJson } from "./lay-out-json.ts";

test("a reply that is a text of JSON is laid out, also inside of a tool's result", () => {
  const charges = [{ id: "ch_1", note: "[sic]" }];
  expect(layOutJson(JSON.stringify({ charges }))).toEqual({ charges });
  expect(layOutJson({ content: [{ type: "text", text: JSON.stringify({ charges }) }] })).toEqual({
    content: [{ type: "text", text: { charges } }],
  });
});

test.each(["refunded ch_1", "12", "true", '"quoted"', "{ not json }", "[sic]", ""])(
  "other text is as it was: %j",
  (text) => {
    expect(layOutJson(text)).toBe(text);
    expect(layOutJson({ text })).toEqual({ text });
  },
);
