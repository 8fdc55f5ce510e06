import { expect, it } from "vitest";
import type { Params } from "../../protocol/messages.ts";
import { reply } from "../../testing/scripted-upstream.ts";
import type { RequestOptions, Upstream } from "../upstream.ts";
import { UpstreamFailure } from "../upstream-failure.ts";
import type { UpstreamReply } from "../upstream-reply.ts";
import { coalesce } from "./coalesce.ts";

/** A backend whose requests end when the test ends them, and what it was asked. */
function heldBackend() {
  const asked: { method: string; params: Params; options: RequestOptions; end: PromiseWithResolvers<UpstreamReply> }[] =
    [];
  const upstream: Upstream = coalesce({
    name: "test",
    about: () => Promise.reject(new Error("not used")),
    request: (method, params, options) => {
      const end = Promise.withResolvers<UpstreamReply>();
      options.signal?.addEventListener("abort", () => end.reject(options.signal?.reason));
      asked.push({ method, params, options, end });
      return end.promise;
    },
    beginClient: async () => {},
    endClient: () => {},
    close: async () => {},
  });
  const ask = (method: string, params: Params = {}, options: Partial<RequestOptions> = {}) =>
    upstream.request(method, params, { deadlineMs: 60_000, client: "one", ...options });
  return { asked, ask };
}

it.each(["resources/list", "resources/templates/list", "prompts/list"])("asks once for %s", async (method) => {
  const { asked, ask } = heldBackend();
  const answers = [ask(method, { cursor: "a" }), ask(method, { cursor: "a" }), ask(method, { cursor: "a" })];
  expect(asked).toHaveLength(1);
  const answer = reply();
  asked[0]?.end.resolve(answer);
  expect(await Promise.all(answers)).toEqual([answer, answer, answer]);
  void ask(method, { cursor: "a" });
  expect(asked).toHaveLength(2);
});

it("asks for each page, for each client, and for each request that is no list or wants progress", () => {
  const { asked, ask } = heldBackend();
  void ask("prompts/list");
  void ask("prompts/list", { cursor: "b" });
  void ask("prompts/list", {}, { client: "other" });
  void ask("prompts/list", {}, { onProgress: () => {} });
  for (let call = 0; call < 2; call += 1) void ask("tools/call", { name: "same" });
  for (let call = 0; call < 2; call += 1) void ask("resources/read", { uri: "same" });
  expect(asked).toHaveLength(8);
});

it("lets each caller leave for itself, and cancels the request with the last", async () => {
  const { asked, ask } = heldBackend();
  const [first, second] = [new AbortController(), new AbortController()];
  const answers = [first, second].map(({ signal }) => ask("prompts/list", {}, { signal }));
  first.abort(new Error("the first left"));
  await expect(answers[0]).rejects.toThrow("the first left");
  expect(asked[0]?.options.signal?.aborted).toBe(false);
  second.abort(new Error("the second left"));
  const next = ask("prompts/list");
  await expect(answers[1]).rejects.toThrow("the second left");
  expect([asked[0]?.options.signal?.aborted, asked.length]).toEqual([true, 2]);
  const answer = reply();
  asked[1]?.end.resolve(answer);
  expect(await next).toBe(answer);
});

it("fails for all who wait, and asks again after it", async () => {
  const { asked, ask } = heldBackend();
  const answers = [ask("prompts/list"), ask("prompts/list")];
  asked[0]?.end.reject(new UpstreamFailure("reset", "connection reset"));
  for (const answer of answers) await expect(answer).rejects.toThrow("connection reset");
  void ask("prompts/list");
  expect(asked).toHaveLength(2);
});
