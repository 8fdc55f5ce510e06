import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { UNSEEN_BUILDING } from "../image-building.ts";
import { builtImages, removeBuilt } from "./built-images.ts";
import { ensureBuilt } from "./images.ts";
import { describeOnDocker, docker } from "./testing/on-docker.ts";

describeOnDocker("images that the lab has built", (engine) => {
  test("are found by their label with their sizes, and removed unless someone uses them", async () => {
    const name = `lab-clean-${randomUUID().slice(0, 8)}`;
    const folder = temporaryFolder();
    writeFileSync(join(folder, "Dockerfile"), 'FROM scratch\nCOPY content /\nCMD ["/none"]\n');
    const build = (image: string, content: string) => {
      writeFileSync(join(folder, "content"), content);
      return ensureBuilt(engine.docker, { image, folder, dockerfile: "Dockerfile" }, UNSEEN_BUILDING);
    };
    onTestFinished(() => {
      const names = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split("\n");
      docker("image", "rm", "-f", ...names.filter((each) => each.startsWith(name)));
    });
    await build(name, "x".repeat(2_000_000));
    await build(`${name}-used`, "used");
    await build(`${name}-named`, "named");
    docker("tag", `${name}-named`, `${name}-theirs:kept`);
    docker("build", "-q", "-t", `${name}-theirs`, folder);
    const container = docker("create", `${name}-used`).trim();
    onTestFinished(() => void docker("rm", container));

    const ours = (await builtImages(engine.docker)).filter((image) => image.name.includes(name));
    expect(ours.flatMap((image) => image.name.split(", ")).sort()).toEqual(
      [`${name}-named:latest`, `${name}-theirs:kept`, `${name}-used:latest`, `${name}:latest`].sort(),
    );
    expect(ours.find((image) => image.name === `${name}:latest`)?.bytes).toBeGreaterThanOrEqual(2_000_000);

    const removed: string[] = [];
    for (const image of ours) if (await removeBuilt(engine.docker, image)) removed.push(image.name);
    expect(removed).toEqual([`${name}:latest`]);
    const left = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split("\n");
    expect(left.filter((image) => image.startsWith(name)).sort()).toEqual(
      [`${name}-named:latest`, `${name}-theirs:kept`, `${name}-theirs:latest`, `${name}-used:latest`].sort(),
    );
  });
});
