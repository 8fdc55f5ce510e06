import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import page from "./vite.config.ts";

/**
 * The run views as one classic script and one style sheet, which an export writes into an HTML file with the runs in it:
 * browsers load neither modules nor other files from a disk.
 */
export default defineConfig({
  root: "renderer",
  plugins: [react()],
  publicDir: false,
  build: {
    outDir: "../dist/viewer",
    emptyOutDir: true,
    target: "es2023",
    cssTarget: page.build?.cssTarget ?? [],
    assetsInlineLimit: Number.POSITIVE_INFINITY,
    cssCodeSplit: false,
    modulePreload: false,
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      input: "renderer/viewer/main.tsx",
      output: { format: "iife", codeSplitting: false, entryFileNames: "viewer.js", assetFileNames: "viewer.[ext]" },
    },
  },
});
