import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { PROJECT } from "../desktop/shell-under-test.ts";
import { expect, test } from "./lab-under-test.ts";
import { testOnRecordedLab } from "./shared-labs.ts";

const PLAYLIST = `id: animated
title: First the failure, then the pattern
items: [{ scenario: retry-storm, firstWithout: [budget] }]
`;
const SIZE = { width: 1280, height: 720 };
const SHOWN = { width: 860, height: 484, colours: 64 };
const MOST_BYTES = 1_500_000;

interface Frame {
  png: string;
  /** How long it is shown, in milliseconds. */
  ms: number;
}

testOnRecordedLab.use({
  prepared: async ({ home }: { home: string }, use: (nothing: undefined) => Promise<void>) => {
    mkdirSync(join(home, "playlists"), { recursive: true });
    const file = join(home, "playlists", "animated.yaml");
    writeFileSync(file, PLAYLIST);
    await use(undefined);
    rmSync(file);
  },
});

testOnRecordedLab("an animated picture of a paced demo, of real frames", async ({ window, context }) => {
  const { page } = window;
  await page.setViewportSize(SIZE);
  const frames: Frame[] = [];
  const take = async (ms: number) => void frames.push({ png: (await page.screenshot()).toString("base64"), ms });
  const space = () => page.keyboard.press("Space");
  const waits = page.getByRole("region", { name: "The run waits" });
  const ended = page.getByText("Ended", { exact: true });
  /** Frames as they come, until the run waits again or has ended. */
  const watch = async () => {
    while (!(await waits.isVisible()) && !(await ended.isVisible())) await take(350);
  };
  await page.getByRole("combobox", { name: "Pace of the runs" }).click();
  await page.getByRole("option", { name: /^Paced/ }).click();
  await page.getByRole("button", { name: "Playlists" }).click();
  await page.getByRole("menuitem", { name: /First the failure, then the pattern \(2/ }).click();
  await page.keyboard.press("p");
  for (const run of [1, 2]) {
    await test.step(`run ${run} of 2`, async () => {
      await expect(waits).toBeVisible();
      for (let steps = 0; steps < 10 && !(await ended.isVisible()); steps++) {
        if (await waits.isVisible()) await take(1_500);
        await space();
        await expect(waits.or(ended).first()).toBeVisible();
        await watch();
      }
      await take(2_500);
      await space();
    });
  }
  await expect(page.getByRole("region", { name: "Second run" })).toBeVisible();
  await take(3_500);
  const gif = await encode(await context.newPage(), frames);
  mkdirSync(join(PROJECT, "screenshots"), { recursive: true });
  const file = join(PROJECT, "screenshots", "demo.gif");
  writeFileSync(file, gif);
  expect(gif.byteLength, file).toBeLessThan(MOST_BYTES);
});

/** In the browser, which reads the pictures and makes them smaller. Frames without a difference to the one before are one. */
async function encode(page: Page, frames: readonly Frame[]): Promise<Buffer> {
  const encoder = readFileSync(fileURLToPath(import.meta.resolve("gifenc/dist/gifenc.esm.js")), "utf8");
  const address = `data:text/javascript;base64,${Buffer.from(encoder).toString("base64")}`;
  const text = await page.evaluate(
    async ({ address: from, frames: all, shown: { width, height, colours } }) => {
      const { GIFEncoder, quantize, applyPalette } = await import(from);
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      if (context === null) throw new Error("no canvas");
      context.imageSmoothingQuality = "high";
      const pictures: { pixels: Uint8ClampedArray; ms: number }[] = [];
      for (const { png, ms } of all) {
        const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
        context.drawImage(bitmap, 0, 0, width, height);
        const pixels = context.getImageData(0, 0, width, height).data;
        const last = pictures.at(-1);
        if (last?.pixels.every((value, at) => value === pixels[at])) last.ms += ms;
        else pictures.push({ pixels, ms });
      }
      const gif = GIFEncoder();
      for (const { pixels, ms } of pictures) {
        const palette = quantize(pixels, colours);
        gif.writeFrame(applyPalette(pixels, palette), width, height, { palette, delay: ms });
      }
      gif.finish();
      let binary = "";
      for (const byte of gif.bytes() as Uint8Array) binary += String.fromCharCode(byte);
      return btoa(binary);
    },
    { address, frames: [...frames], shown: SHOWN },
  );
  return Buffer.from(text, "base64");
}
