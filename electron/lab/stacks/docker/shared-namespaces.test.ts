import type Dockerode from "dockerode";
import { expect, test } from "vitest";
import { nameOf, networkOwnerAmong } from "./shared-namespaces.ts";

const container = (name: string, mode: string) =>
  ({
    Id: `id-of-${name}`,
    Name: `/project-${name}-1`,
    Config: { Labels: { "com.docker.compose.service": name } },
    HostConfig: { NetworkMode: mode },
  }) as unknown as Dockerode.ContainerInspectInfo;

const web = container("web", "project_default");
const side = container("side", "container:id-of-web");
const second = container("second", "container:project-side-1");
const stranger = container("stranger", "container:of-another-project");
const all = [second, side, stranger, web];

test("the owner of a network namespace is found by id and by name, through others that live in it too", () => {
  expect([web, side, second].map((each) => nameOf(networkOwnerAmong(all, each)))).toEqual(["web", "web", "web"]);
});

test("one whose owner is not known stands for itself", () => {
  expect(networkOwnerAmong(all, stranger)).toBe(stranger);
});
