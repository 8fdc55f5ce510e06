import type { ProcessIdentity } from "../../process-identity.ts";
import type { HistoryReader, HistoryWriter, Served } from "../history-threads.ts";
import { explainPostgresError, type PostgresLocation } from "./connections.ts";

export async function serveWriter(at: PostgresLocation, owner: ProcessIdentity): Promise<Served<HistoryWriter>> {
  const { PostgresWriter } = await import("./writer.ts");
  return { methods: new PostgresWriter(at, owner), explain: (error) => explainPostgresError(error, at) };
}

export async function serveReader(at: PostgresLocation): Promise<Served<HistoryReader>> {
  const { PostgresReader } = await import("./reader.ts");
  return { methods: new PostgresReader(at), explain: (error) => explainPostgresError(error, at) };
}
