export { BundleProblem } from "./bundle-problem.ts";
export { type Exported, exportBundle } from "./export-bundle.ts";
export { importBundle } from "./import-bundle.ts";
export { previewExport } from "./preview-export.ts";
export { verifyBundle } from "./verify-bundle.ts";
