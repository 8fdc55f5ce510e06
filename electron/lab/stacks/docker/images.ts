import { resolve } from "node:path";
import type Dockerode from "dockerode";
import { z } from "zod";
import { parseJson } from "../../../model/json.ts";
import { LabError } from "../../lab-error.ts";
import type { StackProgress } from "../backend.ts";
import type { ImageBuilding } from "../image-building.ts";
import type { Stack } from "../stack-file.ts";
import { contextDigest, contextFiles } from "./build-context.ts";
import { BUILT_FROM } from "./built-images.ts";
import { imageOf } from "./container-spec.ts";
import { ask, engineWords, explain } from "./engine-error.ts";
import { linesOf } from "./json-lines.ts";
import { tarOf } from "./tar.ts";

type Report = ((progress: StackProgress) => void) | undefined;

/**
 * Sees that every image is there and resolves to its id by service: rebuilt when what it is built from has changed,
 * pulled when it is missing.
 */
export async function ensureImages(
  docker: Dockerode,
  stack: Stack,
  signal: AbortSignal,
  report: Report,
): Promise<Map<string, string>> {
  const byImage = new Map<string, Promise<string>>();
  const ids = await Promise.all(
    Object.keys(stack.document.services).map(async (service): Promise<[string, string]> => {
      const image = imageOf(stack, service);
      const ensured = byImage.get(image) ?? ensureImage(docker, stack, service, signal, report);
      byImage.set(image, ensured);
      return [service, await ensured];
    }),
  );
  return new Map(ids);
}

interface Build {
  image: string;
  /** The build's context. */
  folder: string;
  dockerfile: string;
  args?: Record<string, string> | undefined;
}

/** Resolves to the id of an image, built unless it is there and was built from the same files. */
export async function ensureBuilt(
  docker: Dockerode,
  { image, folder, dockerfile, args }: Build,
  { signal, report }: ImageBuilding,
): Promise<string> {
  const present = await inspect(docker, image);
  const files = contextFiles(folder, dockerfile);
  const digest = contextDigest(folder, files, { dockerfile, args });
  if (present !== undefined && present.Config.Labels?.[BUILT_FROM] === digest) return present.Id;
  report(image);
  const stream = await ask(`building ${image}`, () =>
    docker.buildImage(tarOf(folder, files), {
      t: image,
      dockerfile,
      rm: true,
      forcerm: true,
      labels: { [BUILT_FROM]: digest },
      ...(args === undefined ? {} : { buildargs: args }),
    }),
  );
  await follow(`building ${image}`, stream, signal, (line) => {
    if (line.stream?.startsWith("Step ")) report(line.stream.trim());
  });
  const made = await inspect(docker, image);
  if (present !== undefined && present.Id !== made?.Id) await removeReplaced(docker, present);
  if (made !== undefined) return made.Id;
  throw new LabError("internal", `the image ${image} is not there after it was built`);
}

async function ensureImage(
  docker: Dockerode,
  stack: Stack,
  service: string,
  signal: AbortSignal,
  report: Report,
): Promise<string> {
  const image = imageOf(stack, service);
  const build = stack.document.services[service]?.build;
  if (build !== undefined) {
    const folder = resolve(stack.folder, build.context);
    const dockerfile = build.dockerfile ?? "Dockerfile";
    const building = { signal, report: (detail: string) => report?.({ service, state: "building", detail }) };
    return ensureBuilt(docker, { image, folder, dockerfile, args: build.args }, building);
  }
  const present = await inspect(docker, image);
  if (present !== undefined) return present.Id;
  await pull(docker, service, image, signal, report);
  const made = await inspect(docker, image);
  if (made !== undefined) return made.Id;
  throw new LabError("internal", `the image ${image} of ${service} is not there after it was pulled`);
}

/** An image that the lab had built, and whose name another has now; one that a container uses stays. */
async function removeReplaced(docker: Dockerode, { Id, Config }: Dockerode.ImageInspectInfo): Promise<void> {
  if (Config.Labels?.[BUILT_FROM] === undefined) return;
  await ask("removing a replaced image", () => docker.getImage(Id).remove(), [{ status: 404 }, { status: 409 }]);
}

async function inspect(docker: Dockerode, image: string): Promise<Dockerode.ImageInspectInfo | undefined> {
  return ask(`looking for the image ${image}`, () => docker.getImage(image).inspect(), [{ status: 404 }]);
}

async function pull(
  docker: Dockerode,
  service: string,
  image: string,
  signal: AbortSignal,
  report: Report,
): Promise<void> {
  const doing = `pulling ${image} for ${service}`;
  report?.({ service, state: "pulling", detail: image });
  const layers = new Map<string, { current: number; total: number }>();
  try {
    // Without a tag the engine would pull every one there is.
    const stream = await docker.pull(/[:@][^/]*$/.test(image) ? image : `${image}:latest`);
    await follow(doing, stream, signal, ({ id, progressDetail }) => {
      if (id === undefined || !progressDetail?.total) return;
      layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total });
      const sum = (part: "current" | "total") => [...layers.values()].reduce((all, layer) => all + layer[part], 0);
      report?.({
        service,
        state: "pulling",
        detail: `${image} ${Math.round((sum("current") / sum("total")) * 100)} %`,
      });
    });
  } catch (error) {
    const explained = explain(doing, error);
    if (signal.aborted || (explained instanceof LabError && explained.hint !== undefined)) throw explained;
    throw new LabError("precondition", `${doing} failed: ${engineWords(error).replace(`${doing}: `, "")}`, {
      hint: `see that the name is right and the registry can be reached, or pull it yourself: docker pull ${image}`,
      cause: error,
    });
  }
}

const progressLine = z.looseObject({
  id: z.string().optional(),
  stream: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.looseObject({ current: z.number().optional(), total: z.number().optional() }).optional(),
});
type ProgressLine = z.output<typeof progressLine>;

/** An engine that pulls or builds answers 200 first and reports a failure in its last line. */
async function follow(
  doing: string,
  stream: NodeJS.ReadableStream | undefined,
  signal: AbortSignal,
  take: (line: ProgressLine) => void,
): Promise<void> {
  if (stream === undefined) return;
  const stop = () => (stream as NodeJS.ReadableStream & { destroy(): void }).destroy();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const said: string[] = [];
  try {
    for await (const text of linesOf(stream)) {
      const line = progressLine.safeParse(parseJson(text));
      if (!line.success) continue;
      if (line.data.stream?.trim()) said.push(line.data.stream.trimEnd());
      if (line.data.error !== undefined)
        throw explain(doing, new Error([...said.slice(-3), line.data.error].join("\n")));
      take(line.data);
    }
    signal.throwIfAborted();
  } catch (error) {
    signal.throwIfAborted();
    throw explain(doing, error);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
