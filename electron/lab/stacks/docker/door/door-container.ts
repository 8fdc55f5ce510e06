import { type Duplex, PassThrough, type Readable, type Writable } from "node:stream";
import type Dockerode from "dockerode";
import { LabError, messageOf } from "../../../lab-error.ts";
import { endContainer } from "../end-container.ts";
import { ask } from "../engine-error.ts";
import { containerOfDoor } from "./door-image.ts";
import { DoorSession } from "./door-session.ts";

export interface RunningDoor {
  session: DoorSession;
  container: Dockerode.Container;
}

/**
 * Starts a door in the network of the engine's machine, from which the addresses of all containers are reached, also those
 * in internal networks: it is in no network of a project, so that nothing of one changes and one can be removed meanwhile.
 * It is removed when it ends, which it does with this process.
 * @throws LabError with the reason when the engine does not start it
 */
export async function startDoor(docker: Dockerode, stackId: string): Promise<RunningDoor> {
  const doing = "starting the lab's door";
  // Its input, and with it the door, ends with this process.
  const streams = { AttachStdin: true, AttachStdout: true, AttachStderr: true, OpenStdin: true, StdinOnce: true };
  const plain = await containerOfDoor(docker, stackId, { NetworkMode: "host" });
  const container = await ask(doing, () => docker.createContainer({ ...plain, ...streams }));
  if (container === undefined) throw new LabError("internal", `${doing}: the engine created no container`);
  try {
    const stream = await ask(doing, () =>
      container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true }),
    );
    await ask(doing, () => container.start());
    const session = new DoorSession(...unframed(docker, stream as unknown as Duplex));
    await session.ready();
    return { session, container };
  } catch (error) {
    await endContainer(container);
    if (error instanceof LabError) throw error;
    throw new LabError("unsupported", `the lab's door did not start: ${messageOf(error)}`, {
      hint: "publish the ports of the services on 127.0.0.1, or probe their containers alone (probe: {container: true})",
      cause: error,
    });
  }
}

/** The container's output comes in frames, its input goes as it is. */
function unframed(docker: Dockerode, stream: Duplex): [output: Readable, input: Writable] {
  const output = new PassThrough();
  docker.modem.demuxStream(stream, output, new PassThrough().resume());
  // The engine half-closes the connection when the container has ended.
  stream.once("end", () => stream.destroy());
  stream.once("close", () => output.end());
  stream.on("error", () => {});
  return [output, stream];
}
