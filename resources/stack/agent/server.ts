import type { IncomingMessage, ServerResponse } from "node:http";
import { BoundedHistory, readHistoryLimit } from "../http/bounded-history.ts";
import { assertControl, assertReader, readControlToken } from "../http/control.ts";
import { type EnvironmentReader, readEnvironment, type Variables } from "../http/environment.ts";
import { parseJson } from "../http/json.ts";
import { headerOf } from "../http/messages.ts";
import { ProcessMonitor } from "../http/process-monitor.ts";
import { HttpError, pathOf, type RunningService, readJsonObject, sendJson, serve } from "../http/serve.ts";
import { within } from "../http/within.ts";
import { scriptedCliArgument } from "./headless/scripted-cli.ts";
import { doTask } from "./headless/task.ts";
import { modelPlanner } from "./model-planner.ts";
import type { Planner } from "./planner.ts";
import { run } from "./run.ts";
import { scriptedPlanner } from "./scripted-planner.ts";
import { Subscriptions } from "./subscriptions.ts";

const runsAtOnce = 64;
const inputLimitCharacters = 10_000;
const modelDeadlineMs = 60_000;

export function startAgent(variables: Variables): Promise<RunningService> {
  const configuration = readEnvironment(variables, readConfiguration);
  const { planner, gatewayUrl, controlToken, tasks, historyLimit, protectionsOff, ...listening } = configuration;
  const history = new BoundedHistory<PastRun>(historyLimit);
  const monitor = new ProcessMonitor();
  const subscriptions = new Subscriptions(gatewayUrl);
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();

  /** Does the work while its caller is there and the service runs; at most {@link runsAtOnce} at once. */
  const execute = async <T>(response: ServerResponse, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    if (running.size >= runsAtOnce) {
      throw new HttpError(503, `${runsAtOnce} runs are already in progress. Try again later.`, { "retry-after": "1" });
    }
    const callerLeft = new AbortController();
    response.once("close", () => callerLeft.abort());
    const pending = within([callerLeft.signal, stopping.signal], undefined, work);
    running.add(pending);
    return pending.finally(() => running.delete(pending));
  };

  const answerRun = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    assertControl(request, controlToken);
    const { input, turnId } = readRun(await readJsonObject(request));
    const trace = { traceparent: headerOf(request, "traceparent"), baggage: headerOf(request, "baggage") };
    const report = await execute(response, (signal) => run({ input, turnId, gatewayUrl, planner, trace, signal }));
    const { intent, calls } = report;
    console.log(`agent run ${report.turnId} ${intent}: ${calls.length} calls${outcomeOf(report)}`);
    history.add({ endedAt: new Date().toISOString(), what: intent, outcome: report.error ?? "ok" });
    if (!response.destroyed) sendJson(response, 200, report);
  };

  const answerTask = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    assertControl(request, controlToken);
    const { input } = readRun(await readJsonObject(request));
    const { status, rule, body } = await execute(response, (signal) => doTask(tasks, input, signal));
    console.log(`agent task: ${status} by the rule ${rule}`);
    history.add({ endedAt: new Date().toISOString(), what: "task", outcome: rule });
    if (!response.destroyed) sendJson(response, status, body);
  };

  const health = () => ({
    status: "ok",
    protectionsOff,
    diagnostics: {
      ...monitor.read(),
      running_executions: running.size,
      conversation_history_size: history.size,
      conversation_history_limit: history.limit,
      conversation_history_dropped: history.dropped,
    },
  });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    switch (`${request.method} ${pathOf(request)}`) {
      case "GET /healthz":
        return sendJson(response, 200, { status: "ok" });
      case "GET /health":
        return sendJson(response, 200, health());
      case "POST /runs":
        return answerRun(request, response);
      case "POST /tasks":
        return answerTask(request, response);
      case "POST /subscriptions":
        assertControl(request, controlToken);
        await subscriptions.open(await readJsonObject(request));
        return sendJson(response, 201, subscriptions.read());
      case "GET /subscriptions":
        assertReader(request, controlToken);
        return sendJson(response, 200, subscriptions.read());
      case "DELETE /subscriptions":
        assertControl(request, controlToken);
        subscriptions.clear();
        return sendJson(response, 200, subscriptions.read());
      default:
        throw new HttpError(404, `No route for ${request.method} ${pathOf(request)}.`);
    }
  };

  const onStop = async (): Promise<void> => {
    stopping.abort();
    subscriptions.clear();
    monitor.stop();
    await Promise.allSettled(running);
  };
  return serve({ name: "agent", ...listening, handle, onStop });
}

/** Switched off by PROTECTIONS_OFF, to show the failure that it prevents. */
const protections = ["result-rules"] as const;

/** What the agent keeps of a run or task that has ended. */
interface PastRun {
  endedAt: string;
  what: string;
  outcome: string;
}

function readConfiguration(environment: EnvironmentReader) {
  const protectionsOff = environment.list("PROTECTIONS_OFF");
  for (const name of protectionsOff) {
    if (protections.every((known) => known !== name)) {
      environment.problem(
        `PROTECTIONS_OFF has ${JSON.stringify(name)}: expected a comma list of ${protections.join(", ")}`,
      );
    }
  }
  return {
    ...environment.listening(8086),
    controlToken: readControlToken(environment),
    gatewayUrl: environment.httpUrl("GATEWAY_URL", "http://127.0.0.1:18080/mcp"),
    planner: readPlanner(environment),
    protectionsOff,
    historyLimit: readHistoryLimit(environment),
    tasks: {
      command: readCommand(environment),
      timeoutMs: environment.durationMs("AGENT_CLI_TIMEOUT", "60s"),
      sessionsFolder: environment.optionalString("AGENT_CLI_SESSIONS"),
      narrowed: !protectionsOff.includes("result-rules"),
    },
  };
}

/** `AGENT_CLI`, a JSON array; by default this program as the scripted CLI. */
function readCommand(environment: EnvironmentReader): [string, ...string[]] {
  const text = environment.optionalString("AGENT_CLI");
  if (text === undefined) return [process.execPath, ...process.argv.slice(1, 2), scriptedCliArgument];
  const command: unknown = parseJson(text);
  const isCommand = Array.isArray(command) && command.length > 0 && command.every((part) => typeof part === "string");
  if (!isCommand) environment.problem('AGENT_CLI is no JSON array of texts, for example AGENT_CLI=["claude","-p"]');
  return isCommand ? (command as [string, ...string[]]) : [""];
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
