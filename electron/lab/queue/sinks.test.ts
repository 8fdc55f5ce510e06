import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { parseSpec } from "./run-spec.ts";
import { deliver, type SinkParts } from "./sinks.ts";

/** Answers with these codes in turn, and notes what it got. */
async function webhook(...codes: number[]) {
  const got: { body: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      got.push({ body: Buffer.concat(chunks).toString(), authorization: request.headers.authorization });
      response.writeHead(codes[got.length - 1] ?? 200).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got };
}

function parts(): SinkParts & { pauses: number[]; lines: string[] } {
  const [pauses, lines]: [number[], string[]] = [[], []];
  return {
    folder: temporaryFolder(),
    environment: { RESILIENCE_LAB_SECRET_HOOK: "Bearer s3cret" },
    write: (line) => void lines.push(line),
    sleep: async (ms) => void pauses.push(ms),
    pauses,
    lines,
  };
}

const sinksOf = (...sinks: object[]) => parseSpec({ scenario: "mcp-crash", sinks });

test("a webhook is tried again after 5xx and no answer, with doubling pauses; its secret comes from the environment", async () => {
  const { url, got } = await webhook(500, 503, 200);
  const given = parts();
  const sink = { kind: "http_webhook", url, headersFromEnv: { Authorization: "RESILIENCE_LAB_SECRET_HOOK" } };
  expect(await deliver(sinksOf(sink), { runId: "a" }, given)).toEqual([]);
  expect(got.map(({ body }) => body)).toEqual(Array(3).fill('{"runId":"a"}\n'));
  expect(got[0]?.authorization).toBe("Bearer s3cret");
  expect(given.pauses).toEqual([500, 1_000]);
});

test("a webhook that refuses is not tried again, one that never answers five times; neither keeps the others from being sent", async () => {
  const { url, got } = await webhook(400);
  const given = parts();
  const problems = await deliver(
    sinksOf(
      { kind: "http_webhook", url },
      { kind: "http_webhook", url: "http://127.0.0.1:1/" },
      { kind: "file", path: "out/runs.ndjson" },
      { kind: "stdout" },
    ),
    { runId: "a" },
    given,
  );
  expect(got).toHaveLength(1);
  expect(given.pauses).toEqual([500, 1_000, 2_000, 4_000]);
  expect(problems).toEqual([
    expect.stringMatching(/answered 400, attempt 1$/),
    expect.stringMatching(/did not answer: .*, attempt 5$/),
  ]);
  await deliver(sinksOf({ kind: "file", path: "out/runs.ndjson" }), { runId: "b" }, given);
  expect(readFileSync(join(given.folder, "out", "runs.ndjson"), "utf8")).toBe('{"runId":"a"}\n{"runId":"b"}\n');
  expect(given.lines).toEqual(['{"runId":"a"}\n']);
});
