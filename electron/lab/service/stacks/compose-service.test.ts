import { expect, test } from "vitest";
import type { Composing } from "../../../contract/stacks.ts";
import { ComposeService } from "./compose-service.ts";

test("notifies at the beginning, of each line that the tool prints, and at the end, also when the tool fails", async () => {
  const told: (Composing | null)[] = [];
  const projects = {
    compose: async (_project: string, _action: string, { onLine }: { onLine: (line: string) => void }) => {
      onLine("Container web  Starting");
      onLine("\u001b[32mContainer web  Started\u001b[0m");
      throw new Error("exit code 1");
    },
  };
  const service: ComposeService = new ComposeService(projects, () => told.push(service.current));
  await expect(service.run({ project: "shop", action: "up" })).rejects.toThrow("exit code 1");
  const at = (...lines: string[]) => ({ project: "shop", action: "up", lines });
  expect(told).toEqual([
    at(),
    at("Container web  Starting"),
    at("Container web  Starting", "Container web  Started"),
    null,
  ]);
});
