import type { IncomingMessage, ServerResponse } from "node:http";
import { assertControl, readControlToken } from "../http/control.ts";
import { type EnvironmentReader, readEnvironment, type Variables } from "../http/environment.ts";
import { HttpError, pathOf, type RunningService, readJsonObject, sendJson, serve } from "../http/serve.ts";
import { modelPlanner } from "./model-planner.ts";
import type { Planner } from "./planner.ts";
import { run } from "./run.ts";
import { scriptedPlanner } from "./scripted-planner.ts";

const runsAtOnce = 64;
const inputLimitCharacters = 10_000;
const modelDeadlineMs = 60_000;

export function startAgent(variables: Variables): Promise<RunningService> {
  const { planner, gatewayUrl, controlToken, ...listening } = readEnvironment(variables, readConfiguration);
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();

  const answerRun = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    assertControl(request, controlToken);
    const { input, turnId } = readRun(await readJsonObject(request));
    if (running.size >= runsAtOnce) {
      throw new HttpError(503, `${runsAtOnce} runs are already in progress. Try again later.`, { "retry-after": "1" });
    }
    const callerLeft = new AbortController();
    response.once("close", () => callerLeft.abort());
    const signal = AbortSignal.any([callerLeft.signal, stopping.signal]);
    const pending = run({ input, turnId, gatewayUrl, planner, signal });
    running.add(pending);
    try {
      const report = await pending;
      console.log(`agent run ${report.turnId} ${report.intent}: ${report.calls.length} calls${outcomeOf(report)}`);
      if (!response.destroyed) sendJson(response, 200, report);
    } finally {
      running.delete(pending);
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    switch (`${request.method} ${pathOf(request)}`) {
      case "GET /healthz":
        return sendJson(response, 200, { status: "ok" });
      case "POST /runs":
        return answerRun(request, response);
      default:
        throw new HttpError(404, `No route for ${request.method} ${pathOf(request)}.`);
    }
  };

  const onStop = async (): Promise<void> => {
    stopping.abort();
    await Promise.allSettled(running);
  };
  return serve({ name: "agent", ...listening, handle, onStop });
}

function readConfiguration(environment: EnvironmentReader) {
  return {
    ...environment.listening(8086),
    controlToken: readControlToken(environment),
    gatewayUrl: environment.httpUrl("GATEWAY_URL", "http://127.0.0.1:18080/mcp"),
    planner: readPlanner(environment),
  };
}

function readPlanner(environment: EnvironmentReader): Planner {
  if (environment.oneOf("PLANNER", ["scripted", "model"], "scripted") === "scripted") return scriptedPlanner;
  return modelPlanner({
    url: environment.httpUrl("MODEL_URL", "http://127.0.0.1:11434/v1"),
    model: environment.string("MODEL_NAME", "gpt-4.1-mini"),
    apiKey: environment.optionalString("MODEL_API_KEY"),
    deadlineMs: modelDeadlineMs,
  });
}

function readRun({ input, turnId }: Record<string, unknown>): { input: string; turnId: string | undefined } {
  if (typeof input !== "string" || input.trim() === "" || input.length > inputLimitCharacters) {
    throw new HttpError(400, `input must be a text of 1 to ${inputLimitCharacters} characters.`);
  }
  if (turnId === undefined) return { input, turnId };
  if (typeof turnId !== "string" || !/^[\x21-\x7e]{1,200}$/.test(turnId)) {
    throw new HttpError(400, "turnId must be 1 to 200 visible ASCII characters: it is sent as a header.");
  }
  return { input, turnId };
}

function outcomeOf({ calls, error }: { calls: readonly { outcome: string }[]; error?: string }): string {
  if (error) return `, ${error}`;
  const failed = calls.filter(({ outcome }) => outcome === "error").length;
  return failed > 0 ? `, ${failed} failed` : "";
}
