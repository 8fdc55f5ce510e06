/**
 * Which part of the house may import what, types included. Tests, and what stands in folders called `testing`, may also
 * use such folders and Node; all else of the laws holds for them too. `electron/layers.test.ts` breaks each law.
 */
const TEST = "\\.(?:test|spec)\\.tsx?$|(?:^|/)testing/";
const TESTING = "(^|/)testing/";
/** Its subpaths, such as `electron/main`, are declared to TypeScript alone and lead to no file. */
const ELECTRON = "^(node_modules/electron/|electron(/(main|renderer|common|utility))?$)";
const PAGE_PACKAGES = "^node_modules/(react|react-dom|@mantine|@tabler|@tanstack|@xyflow|uplot|zustand)/";
/** Everything that is neither the project's own nor Node's. */
const PACKAGE = ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown", "unknown", "undetermined"];

const law = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

/** Files whose path matches `from` import of the project only what matches `may`. */
function importsOnly(name, comment, from, may) {
  const tests = `^(?=.*(?:${TEST}))${from}`;
  return [
    law(name, comment, { path: `^${from}`, pathNot: TEST }, { dependencyTypes: ["local"], pathNot: may }),
    law(name, comment, { path: tests }, { dependencyTypes: ["local"], pathNot: [...may, TESTING] }),
  ];
}

/**
 * Of folders beside each other, a later one may import the earlier ones: so there are no circles of folders. One that is
 * not named here imports none of its siblings, and none imports it.
 */
const ORDER = {
  electron: ["model", "contract", "lab", "hosts", "shell", "soak", "bench"],
  "electron/hosts": ["files", "page", "browser", "serve", "terminal"],
  "electron/lab": [
    "documents",
    "events",
    "redaction",
    "trace-files",
    "health",
    "history",
    "telemetry",
    "journal",
    "stacks",
    "faults",
    "traces",
    "evaluation",
    "scenarios",
    "runs",
    "reports",
    "bundles",
    "exports",
    "trace-entries",
    "queue",
    "watchdog",
    "service",
  ],
  "electron/lab/service": [
    "operations",
    "streams",
    "notices",
    "preferences",
    "history",
    "sessions",
    "bundles",
    "traces",
    "approvals",
    "scenarios",
    "stacks",
    "runs",
    "faults",
    "diagnostics",
    "procedures",
  ],
  renderer: [
    "lab-client",
    "timeline",
    "charts",
    "ui",
    "state",
    "about",
    "approvals",
    "stacks",
    "history",
    "queue",
    "sessions",
    "settings",
    "stack",
    "runs",
    "scenarios",
    "editor",
    "app",
    "viewer",
  ],
  "resources/stack/fault-proxy": ["parsing", "toxics", "stages", "http-faults", "wire", "links", "api", "fuzz"],
  "resources/stack/gateway": [
    "audit",
    "policy",
    "protocol",
    "sessions",
    "backends",
    "approvals",
    "subscribers",
    "calls",
    "optimizer",
    "mcp",
  ],
  "resources/stack": [
    "http",
    "telemetry",
    "mcp-server",
    "agent",
    "audit-db",
    "drafts-mcp",
    "fault-proxy",
    "forwarder",
    "gateway",
    "link-sidecar",
    "mock-slack",
    "payments-mcp",
    "support-mcp",
  ],
  e2e: ["desktop", "page"],
};

const FOLDERS = "a folder imports of its siblings only those that stand before it in the order";

/** Laws for the folders of a level that has an order. */
function ordered([level, names]) {
  const listed = names.map((name, at) => {
    // Everything but itself and what stands before it.
    const later = `^${level}/(?!(?:${[...names.slice(0, at + 1), "testing"].join("|")})/)[^/]+/`;
    return law("folders", FOLDERS, { path: `^${level}/${name}/`, pathNot: TEST }, { path: later });
  });
  const unlisted = `^${level}/(?!(?:${names.join("|")})/)([^/]+)/`;
  return [
    ...listed,
    law("folders", FOLDERS, { path: unlisted, pathNot: TEST }, { path: `^${level}/(?!$1/|testing/)[^/]+/` }),
  ];
}

/** Laws for folders that are so many folders deep, in levels that have no order: they import no siblings. */
function unordered(depth) {
  const levels = Object.keys(ORDER).filter((level) => level.split("/").length === depth);
  const from = `^${levels.length > 0 ? `(?!(?:${levels.join("|")})/)` : ""}(${"[^/]+/".repeat(depth)})([^/]+)/`;
  return law("folders", FOLDERS, { path: from, pathNot: TEST }, { path: "^$1(?!$2/|testing/)[^/]+/" });
}

const folders = [...Object.entries(ORDER).flatMap(ordered), ...[1, 2, 3, 4, 5, 6].map(unordered)];

const layers = [
  ...importsOnly("page", "the page imports of the engine only the contract and the model of a run", "renderer/", [
    "^renderer/",
    "^electron/(contract|model)/",
  ]),
  ...importsOnly(
    "engine",
    "the engine imports no host, no shell and nothing of the page; it may look up its own version",
    "electron/lab/",
    ["^electron/(lab|contract|model)/", "^package\\.json$"],
  ),
  ...importsOnly(
    "pure",
    "the contract and the model import nothing of the rest of the engine, so that they run anywhere",
    "electron/(contract|model)/",
    ["^electron/(contract|model)/"],
  ),
  ...importsOnly("pure-model", "the model of a run imports only itself", "electron/model/", ["^electron/model/"]),
  ...importsOnly(
    "service",
    "a service of the stack is a program of its own: it imports nothing of the lab or of another service",
    "resources/stack/([^/]+)/",
    ["^resources/stack/($1|http|telemetry|mcp-server)/"],
  ),
  law(
    "drivers",
    "a host says where runs happen by a run target, and knows no driver and no engine",
    { path: "^electron/(hosts|shell)/", pathNot: TEST },
    { path: "^electron/lab/stacks/(docker/|(process|docker)-(driver|backend)|open-driver)" },
  ),
  law(
    "testing",
    "what only tests need is imported by tests, benches and soaks alone",
    {
      pathNot: [TEST, "^electron/(bench|soak)/", "^e2e/", "(^|/|\\.)(bench|fuzz|soak)([^/]*\\.ts$|/)"],
    },
    { path: TESTING },
  ),
];

const environment = [
  law(
    "page-without-node",
    "the page runs in a browser: it has nothing of Node",
    { path: "^renderer/", pathNot: TEST },
    { dependencyTypes: ["core"] },
  ),
  law(
    "pure-without-node",
    "the contract and the model run anywhere: they have nothing of Node",
    { path: "^electron/(contract|model)/", pathNot: TEST },
    { dependencyTypes: ["core"] },
  ),
  law(
    "pure-without-packages",
    "the model knows zod at most, and the contract oRPC's contract besides",
    { path: "^electron/(contract|model)/" },
    {
      dependencyTypes: PACKAGE,
      pathNot: ["^node_modules/zod/", "^node_modules/vitest/", "^node_modules/@orpc/contract/"],
    },
  ),
  law(
    "model-without-contract-packages",
    "the model knows zod at most",
    { path: "^electron/model/" },
    { path: "^node_modules/@orpc/" },
  ),
  law(
    "engine-without-page-packages",
    "the engine shows nothing: it has no package of the page's",
    { path: "^electron/lab/" },
    { path: PAGE_PACKAGES },
  ),
  law(
    "sql",
    "a database of SQLite is the history's or the journal's: nobody else speaks SQL to one",
    { path: "^electron/", pathNot: [TEST, "^electron/lab/(history/sqlite|journal)/", "^electron/bench/"] },
    { path: "^node_modules/(@types/)?better-sqlite3/" },
  ),
  law(
    "history",
    "runs are read and written by the stores of the history; how a file of SQLite is opened the journal and the settings know, too",
    {
      path: "^electron/",
      pathNot: [
        TEST,
        "^electron/lab/(history/|journal/journal\\.ts$|service/preferences/preferences\\.ts$)",
        "^electron/(bench|soak|testing)/",
      ],
    },
    { path: "^electron/lab/history/(sqlite|postgres)/" },
  ),
  law(
    "electron",
    "electron itself is imported by the desktop shell alone",
    { path: "^(electron|resources|renderer)/", pathNot: "^electron/(shell/|main\\.ts$|preload\\.ts$)" },
    { path: ELECTRON },
  ),
  law(
    "electron-types",
    "tests that drive the desktop shell may know electron's types, and not load it",
    { path: "^e2e/" },
    { path: ELECTRON, dependencyTypesNot: ["type-only"] },
  ),
  law("found", "what is imported is there", {}, { couldNotResolve: true }),
];

export default {
  forbidden: [...layers, ...folders, ...environment],
  options: {
    // The only one that reads TypeScript 7's files: without it none of them is seen, and everything passes.
    parser: "swc",
    doNotFollow: { path: "^node_modules/" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "types", "default"] },
    exclude: { path: "^resources/stack/build/" },
  },
};
