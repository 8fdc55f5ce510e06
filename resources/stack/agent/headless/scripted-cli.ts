/** The headless CLI of the reference stack: it calls no model, and ends as its task asks, so that each rule can be shown. */
import { text } from "node:stream/consumers";

/** Of the agent's program, which then is this CLI. */
export const scriptedCliArgument = "scripted-cli";

const endings: readonly [RegExp, () => void][] = [
  [/lost result/i, () => {}],
  [/error result/i, () => printResult({ is_error: true, result: "", total_cost_usd: 0.01, duration_ms: 12 })],
  [/forked skill/i, () => printResult({ result: "", total_cost_usd: 0.02, duration_ms: 40 })],
  [/empty result/i, () => printResult({ result: "", duration_ms: 40 })],
  [/killed/i, () => process.kill(process.pid, "SIGKILL")],
];

export async function runScriptedCli(): Promise<void> {
  const task = await text(process.stdin);
  print({ type: "system", subtype: "init", session_id: "scripted" });
  const ending = endings.find(([pattern]) => pattern.test(task));
  if (ending) return ending[1]();
  const answer = `Done: ${task.trim().slice(0, 200)}`;
  print({ type: "assistant", message: { content: [{ type: "text", text: answer }] } });
  printResult({ result: answer, total_cost_usd: 0.01, duration_ms: 25 });
}

function printResult(result: Record<string, unknown>): void {
  print({ type: "result", is_error: false, num_turns: 1, ...result });
}

function print(message: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
