export { BundleProblem, type RefusalReason } from "./bundle-problem.ts";
export { type Exported, type ExportProgress, type ExportRequest, exportBundle } from "./export-bundle.ts";
export { type Imported, type ImportRequest, importBundle } from "./import-bundle.ts";
export { type Verified, verifyBundle } from "./verify-bundle.ts";
