import { z } from "zod";

const projectName = z.string().min(1).max(200);

/** A stack by what a person calls it. Which engine a project is on is the host's environment's to say. */
export const stackChoice = z.discriminatedUnion("is", [
  z.strictObject({ is: z.literal("reference"), driver: z.enum(["process", "docker"]) }),
  z.strictObject({ is: z.literal("project"), project: projectName }),
]);
export type StackChoice = z.infer<typeof stackChoice>;

/** A compose project that the engine has, running or not. */
export const listedProject = z.object({
  project: z.string(),
  /** In alphabetical order. */
  services: z.array(z.object({ name: z.string(), running: z.int(), containers: z.int() })),
  /** Its compose files, by the labels of its containers. */
  files: z.array(z.string()),
});

export type ListedProject = z.infer<typeof listedProject>;

export const stackChoices = z.object({
  /** The one that is open. */
  open: stackChoice,
  projects: z.array(listedProject),
  engine: z.discriminatedUnion("is", [
    z.object({ is: z.literal("ready"), address: z.string(), version: z.string(), notes: z.array(z.string()) }),
    z.object({ is: z.literal("unavailable"), message: z.string(), hint: z.string().nullable() }),
  ]),
});
export type StackChoices = z.infer<typeof stackChoices>;
