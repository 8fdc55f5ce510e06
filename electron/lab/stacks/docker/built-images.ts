import type Dockerode from "dockerode";
import { ask } from "./engine-error.ts";

/** On an image that the lab built: what it was built from. */
export const BUILT_FROM = "resilience-lab.built-from";

export interface BuiltImage {
  id: string;
  /** Its names, or the beginning of its id where another image has taken them. */
  name: string;
  /** With the layers of its base, which other images may share. */
  bytes: number;
}

/** Every image of an engine that a lab has built, by its label. */
export async function builtImages(docker: Dockerode): Promise<BuiltImage[]> {
  const listed = await ask("listing images", () => docker.listImages({ filters: { label: [BUILT_FROM] } }));
  return (listed ?? []).map(({ Id, RepoTags, Size }) => {
    const names = (RepoTags ?? []).filter((name) => name !== "<none>:<none>");
    return { id: Id, name: names.join(", ") || Id.replace("sha256:", "").slice(0, 12), bytes: Size };
  });
}

/** Resolves to false when it stays: a container uses it, or someone has given it another name. */
export async function removeBuilt(docker: Dockerode, { id, name }: BuiltImage): Promise<boolean> {
  const image = docker.getImage(id);
  await ask(`removing ${name}`, () => image.remove(), [{ status: 404 }, { status: 409 }]);
  return (await ask(`looking for ${name}`, () => image.inspect(), [{ status: 404 }])) === undefined;
}
