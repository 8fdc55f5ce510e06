import type Dockerode from "dockerode";
import { LabError } from "../../lab-error.ts";
import { ask } from "./engine-error.ts";
import { LogFrames } from "./log-frames.ts";

/** What every container of the lab's has: no right that it does not ask for, and nothing that outlives it. */
export const LAB_HOST_CONFIG = {
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges"],
  AutoRemove: true,
  // What passes through is a person's: it is not kept in a file of the engine's.
  LogConfig: { Type: "none", Config: {} },
} satisfies Dockerode.HostConfig;

/**
 * Runs a container of the lab's that ends by itself. It is gone afterwards, whatever happens.
 * @param take gets each line that it prints
 * @returns its exit code
 * @throws LabError what the engine refuses; what `signal` is aborted with
 */
export async function runToEnd(
  docker: Dockerode,
  doing: string,
  options: Dockerode.ContainerCreateOptions,
  take: (line: string) => void,
  signal?: AbortSignal,
): Promise<number> {
  const container = await ask(doing, () =>
    docker.createContainer({ ...options, AttachStdout: true, AttachStderr: true }),
  );
  if (container === undefined) throw new LabError("internal", `${doing}: the engine created no container`);
  const frames = new LogFrames(false, (_from, line) => take(line));
  try {
    const output = await ask(doing, () => container.attach({ stream: true, stdout: true, stderr: true }));
    output?.on("data", (chunk: Buffer) => frames.write(chunk));
    const ended = container.wait({ condition: "removed" }) as Promise<{ StatusCode: number }>;
    // One that is refused below is reported there.
    ended.catch(() => {});
    await ask(doing, () => container.start());
    return (await (signal === undefined ? ended : Promise.race([ended, aborted(signal)]))).StatusCode;
  } catch (error) {
    await ask(doing, () => container.remove({ force: true }), [{ status: 404 }, { status: 409 }]);
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
