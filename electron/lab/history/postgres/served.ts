import type { ProcessIdentity } from "../../process-identity.ts";
import type { HistoryReader, HistoryWriter, Served } from "../history-threads.ts";
import type { SqlQueue } from "../sql-queue.ts";
import { explainPostgresError, type PostgresLocation } from "./connections.ts";

export async function serveWriter(at: PostgresLocation, owner: ProcessIdentity): Promise<Served<HistoryWriter>> {
  const { PostgresWriter } = await import("./writer.ts");
  return { methods: new PostgresWriter(at, owner), explain: (error) => explainPostgresError(error, at) };
}

export async function serveReader(at: PostgresLocation): Promise<Served<HistoryReader>> {
  const { PostgresReader } = await import("./reader.ts");
  return { methods: new PostgresReader(at), explain: (error) => explainPostgresError(error, at) };
}

export async function serveQueue(at: PostgresLocation): Promise<Served<SqlQueue>> {
  const { openQueueSql } = await import("./queue-sql.ts");
  const { SqlQueue } = await import("../sql-queue.ts");
  const explain = (error: unknown) => explainPostgresError(error, at);
  try {
    return { methods: new SqlQueue(await openQueueSql(at)), explain };
  } catch (error) {
    throw explain(error);
  }
}
