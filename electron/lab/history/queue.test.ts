import { join } from "node:path";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { postgresForFile } from "./testing/postgres-under-test.ts";
import { describeQueue } from "./testing/queue-contract.ts";

const postgres = postgresForFile();

describeQueue("SQLite", () => ({ kind: "sqlite", file: join(temporaryFolder(), "history.db") }));
describeQueue("PostgreSQL", postgres.newLocation);
