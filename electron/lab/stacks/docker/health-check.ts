import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import { ask } from "./engine-error.ts";

const AGAIN_MS = 200;
const OUTPUT_LIMIT = 200;

/**
 * Runs a container's own health check until it passes: the engine would only run it after its interval, which is 30 s
 * unless the image or the stack file says otherwise.
 * @returns what the last one said, when none has passed before the signal aborted
 */
export async function failingHealthCheck(
  docker: Dockerode,
  { Id: id, Config }: Dockerode.ContainerInspectInfo,
  signal: AbortSignal,
): Promise<string | undefined> {
  const Cmd = commandOf(Config);
  if (Cmd === undefined) return undefined;
  for (;;) {
    const said = await runOnce(docker, id, Cmd, signal).catch((error: Error) => error.message);
    if (said === undefined || signal.aborted) return said;
    await delay(AGAIN_MS, undefined, { signal }).catch(() => {});
  }
}

function commandOf(config: Dockerode.ContainerInspectInfo["Config"]): string[] | undefined {
  const { Healthcheck, Shell } = config as { Healthcheck?: { Test?: string[] }; Shell?: string[] };
  const [form, ...words] = Healthcheck?.Test ?? [];
  if (form === "CMD") return words;
  return form === "CMD-SHELL" ? [...(Shell ?? ["/bin/sh", "-c"]), ...words] : undefined;
}

/** Undefined when it passed. */
async function runOnce(docker: Dockerode, id: string, Cmd: string[], signal: AbortSignal): Promise<string | undefined> {
  const doing = "running a health check";
  const check = await ask(doing, () =>
    docker.getContainer(id).exec({ Cmd, AttachStdout: true, AttachStderr: true, abortSignal: signal }),
  );
  const stream = await ask(doing, async () => check?.start({ abortSignal: signal }));
  if (check === undefined || stream === undefined) return "the engine did not run it";
  const output = new PassThrough();
  docker.modem.demuxStream(stream, output, output);
  stream.once("close", () => output.end());
  let said = "";
  try {
    for await (const chunk of output) said = (said + String(chunk)).slice(-OUTPUT_LIMIT);
  } finally {
    stream.destroy();
  }
  const ended = await ask(doing, () => check.inspect());
  return ended?.ExitCode === 0 ? undefined : said.trim() || `exit code ${ended?.ExitCode}`;
}
