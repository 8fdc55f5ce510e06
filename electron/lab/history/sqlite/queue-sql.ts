import type { QueueSql, SqlQuery } from "../queue-database.ts";
import { openDatabase, STORE_BUSY_LIMIT_MS } from "./database.ts";
import { HISTORY_MIGRATIONS, HISTORY_NAME } from "./migrations.ts";

/** @throws LabError when the file cannot be opened or written */
export function openQueueSql(file: string): QueueSql {
  const { database } = openDatabase({
    file,
    name: HISTORY_NAME,
    migrations: HISTORY_MIGRATIONS,
    synchronous: "NORMAL",
    busyLimitMs: STORE_BUSY_LIMIT_MS,
  });
  // Statements of a transaction and those of other requests must not mix: there is one connection.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(use: () => Promise<Value>): Promise<Value> => {
    const mine = last.then(use);
    last = mine.catch(() => {});
    return mine;
  };
  const query: SqlQuery = async <Row>(text: string, values: readonly unknown[]) => {
    const statement = database.prepare(text.replaceAll(/\$(\d+)/g, "?$1"));
    const bound = Object.fromEntries(values.map((value, index) => [index + 1, value]));
    const given = values.length === 0 ? [] : [bound];
    if (statement.reader) return statement.all(...given) as Row[];
    statement.run(...given);
    return [];
  };
  return {
    now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    skipLocked: () => "",
    forUpdate: "",
    labelsWithin: (value) =>
      `NOT EXISTS (SELECT 1 FROM json_each(labels) WHERE value NOT IN (SELECT value FROM json_each(${value})))`,
    query: (text, values) => inTurn(() => query(text, values)),
    transaction: (use) =>
      inTurn(async () => {
        database.exec("BEGIN IMMEDIATE");
        try {
          const value = await use(query);
          database.exec("COMMIT");
          return value;
        } catch (error) {
          if (database.inTransaction) database.exec("ROLLBACK");
          throw error;
        }
      }),
    close: () => inTurn(async () => void database.close()),
  };
}
