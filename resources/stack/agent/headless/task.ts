/** One task for the headless CLI, and the reply to `POST /tasks`. */
import { classify, type Rule } from "./classify.ts";
import { type CliSettings, runCli } from "./run-cli.ts";
import { lastTextOf } from "./session-record.ts";

export interface TaskSettings extends CliSettings {
  /** Where the CLI keeps records of its sessions; undefined: not known. */
  sessionsFolder: string | undefined;
  /** Off: every run that exits with 0 counts as done, as before the rules were narrowed. */
  narrowed: boolean;
}

export interface TaskReply {
  status: number;
  rule: Rule;
  body: Record<string, unknown>;
}

export async function doTask(settings: TaskSettings, input: string, signal: AbortSignal): Promise<TaskReply> {
  const { output, end } = await runCli(settings, input, signal);
  const { metadata, rawMessages, parseFailures, firstBadLine } = output;
  const recover = () => lastTextOf(settings.sessionsFolder, metadata.session_id);
  const { status, rule, text, recoveryAttempted } = classify(output, end, recover, settings.narrowed);
  const body = {
    ...(status === 200 ? { answer: text } : { error: text }),
    rule,
    metadata,
    raw_message_count: rawMessages,
    ...(parseFailures > 0 ? { parse_failure_count: parseFailures, first_bad_line: firstBadLine } : {}),
    ...(recoveryAttempted ? { recovery_attempted: true } : {}),
  };
  return { status, rule, body };
}
