import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { FileService, plainName } from "./file-service.ts";

function deskOf(limitBytes?: number): FileService {
  const files = new FileService(limitBytes);
  onTestFinished(() => files.close());
  return files;
}

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield new Uint8Array(1_000).fill(index);
}

test("a received file can be found by its id, under a name without folders", async () => {
  const files = deskOf();
  const upload = await files.receive(chunks(3), "../../etc/pass\nwd.zip");
  expect(upload).toMatchObject({ fileName: "_.._etc_pass_wd.zip", bytes: 3_000 });
  expect(readFileSync(files.find(upload.upload).file).byteLength).toBe(3_000);
});

test("a file above a bundle's size limit is refused, and nothing of it is left", async () => {
  const files = deskOf(5_000);
  await expect(files.receive(chunks(100), "large.zip")).rejects.toMatchObject({ code: "bad-input" });
  expect(() => files.find("large.zip")).toThrow("no longer available");
});

test("a file is returned once, and removed after", async () => {
  const files = deskOf();
  const { file, offer } = files.reserve();
  writeFileSync(file, "bundle");
  const id = offer("run.zip");
  const taken = files.take(id);
  expect(taken?.fileName).toBe("run.zip");
  expect(files.take(id)).toBeUndefined();
  await taken?.discard();
  expect(existsSync(file)).toBe(false);
});

test("a file that a person chose is not removed", async () => {
  const files = deskOf();
  const file = join(temporaryFolder(), "mine.zip");
  writeFileSync(file, "mine");
  const { upload } = await files.adopt(file);
  await files.take(upload)?.discard();
  files.close();
  expect(existsSync(file)).toBe(true);
});

test("a page that uploads without end keeps a few files at most", async () => {
  const files = deskOf();
  const uploads = [];
  for (let index = 0; index < 20; index++) uploads.push(await files.receive(chunks(1), "one.zip"));
  const held = uploads.filter(({ upload }) => files.take(upload) !== undefined);
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
