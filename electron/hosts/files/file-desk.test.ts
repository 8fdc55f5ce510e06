import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { FileDesk, plainName } from "./file-desk.ts";

function deskOf(limitBytes?: number): FileDesk {
  const desk = new FileDesk(limitBytes);
  onTestFinished(() => desk.close());
  return desk;
}

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield new Uint8Array(1_000).fill(index);
}

test("what is received can be found again by its id, under a name without folders", async () => {
  const desk = deskOf();
  const upload = await desk.receive(chunks(3), "../../etc/pass\nwd.zip");
  expect(upload).toMatchObject({ fileName: "_.._etc_pass_wd.zip", bytes: 3_000 });
  expect(readFileSync(desk.find(upload.upload).file).byteLength).toBe(3_000);
});

test("more than a bundle may be is refused, and nothing of it is left", async () => {
  const desk = deskOf(5_000);
  await expect(desk.receive(chunks(100), "large.zip")).rejects.toMatchObject({ code: "bad-input" });
  expect(() => desk.find("large.zip")).toThrow("no longer held");
});

test("a file can be had once, and is gone after", async () => {
  const desk = deskOf();
  const { file, offer } = desk.place();
  writeFileSync(file, "bundle");
  const id = offer("run.zip");
  const taken = desk.take(id);
  expect(taken?.fileName).toBe("run.zip");
  expect(desk.take(id)).toBeUndefined();
  await taken?.discard();
  expect(existsSync(file)).toBe(false);
});

test("a file that a person chose stays theirs", async () => {
  const desk = deskOf();
  const file = join(temporaryFolder(), "mine.zip");
  writeFileSync(file, "mine");
  const { upload } = await desk.adopt(file);
  await desk.take(upload)?.discard();
  desk.close();
  expect(existsSync(file)).toBe(true);
});

test("a page that uploads without end holds a few files at most", async () => {
  const desk = deskOf();
  const uploads = [];
  for (let index = 0; index < 20; index++) uploads.push(await desk.receive(chunks(1), "one.zip"));
  const held = uploads.filter(({ upload }) => desk.take(upload) !== undefined);
  expect(held.length).toBeLessThanOrEqual(8);
});

test.each([
  ["", "file"],
  ["...", "file"],
  ["запуск.zip", "запуск.zip"],
  ['a"b;c.zip', "a_b_c.zip"],
])("%j is shown as %j", (name, plain) => {
  expect(plainName(name)).toBe(plain);
});
