import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { shownHeaders, shownProbe, writtenHeaders } from "./described-probe.ts";
import { trialOf } from "./probe-trial.ts";
import type { Service } from "./stack-file.ts";

/** As a person writes it. */
const variable = (name: string) => `$\{${name}}`;

function stackWith(headers: Record<string, string> = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, ".env"), "DATABASE_PASSWORD=p@ss/word\n");
  return { folder, services: [{ name: "store", headers } as Service] };
}

const login = { user: "reader", database: "app", passwordVariable: "DATABASE_PASSWORD" };
const bySql = { service: "store", probe: { is: "postgres" as const, path: null, login }, headers: [], port: 5432 };

test("a database is tried with the password that the project's .env or the environment has, whatever is in it", () => {
  const probe = (environment: NodeJS.ProcessEnv) => trialOf(bySql, stackWith(), environment).probe;
  expect(probe({})).toEqual({ postgres: { user: "reader", database: "app", password: "p@ss/word" } });
  expect(probe({ DATABASE_PASSWORD: "other" })).toMatchObject({ postgres: { password: "other" } });
});

test("a variable that is not set is named", () => {
  const nowhere = { ...bySql, probe: { ...bySql.probe, login: { ...login, passwordVariable: "NOWHERE" } } };
  expect(() => trialOf(nowhere, stackWith(), {})).toThrow("NOWHERE is not set");
});

test("headers are filled in, and one that only the file has is sent as it is there", () => {
  const headers = [
    { name: "Authorization", value: `Bearer ${variable("TOKEN")}` },
    { name: "X-Team", value: null },
  ];
  const trial = { service: "store", probe: { is: "mcp" as const, path: "/mcp", login: null }, headers, port: null };
  expect(trialOf(trial, stackWith({ "X-Team": "red" }), { TOKEN: "t" })).toEqual({
    probe: { mcp: "/mcp" },
    headers: { Authorization: "Bearer t", "X-Team": "red" },
  });
});

test("no password and no header's value leaves a file: what is shown has variables only, and the rest is kept", () => {
  const written = { Authorization: `Bearer ${variable("TOKEN")}`, "X-Key": "very-secret" };
  expect(shownHeaders(written)).toEqual([
    { name: "Authorization", value: written.Authorization },
    { name: "X-Key", value: null },
  ]);
  expect(writtenHeaders(shownHeaders(written), written)).toEqual(written);
  const shown = (postgres: unknown) => shownProbe({ postgres: "postgres://filled-in" }, "postgres://x", { postgres });
  expect(shown({ user: "u", database: "d", password: variable("PW") })).toEqual({
    is: "postgres",
    path: null,
    login: { user: "u", database: "d", passwordVariable: "PW" },
  });
  for (const secret of ["postgres://u:secret@{address}/d", { user: "u", database: "d", password: "secret" }]) {
    expect(JSON.stringify(shown(secret))).not.toContain("secret");
  }
});
