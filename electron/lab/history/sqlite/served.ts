import type { ProcessIdentity } from "../../process-identity.ts";
import type { HistoryReader, HistoryWriter, Served } from "../history-threads.ts";
import type { SqlQueue } from "../sql-queue.ts";
import { explainDatabaseError } from "./database.ts";
import { HISTORY_NAME } from "./migrations.ts";

export async function serveWriter(file: string, owner: ProcessIdentity): Promise<Served<HistoryWriter>> {
  const { SqliteWriter } = await import("./writer.ts");
  return served(file, () => new SqliteWriter(file, owner));
}

export async function serveReader(file: string): Promise<Served<HistoryReader>> {
  const { SqliteReader } = await import("./reader.ts");
  return served(file, () => new SqliteReader(file));
}

export async function serveQueue(file: string): Promise<Served<SqlQueue>> {
  const { openQueueSql } = await import("./queue-sql.ts");
  const { SqlQueue } = await import("../sql-queue.ts");
  return served(file, () => new SqlQueue(openQueueSql(file)));
}

function served<Methods>(file: string, open: () => Methods): Served<Methods> {
  const explain = (error: unknown) => explainDatabaseError(error, HISTORY_NAME, file);
  try {
    return { methods: open(), explain };
  } catch (error) {
    throw explain(error);
  }
}
