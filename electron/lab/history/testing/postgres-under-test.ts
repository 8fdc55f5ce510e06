import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { startPostgres, type TestPostgres } from "../../../testing/postgres.ts";
import type { StoreLocation } from "../history-threads.ts";
import { PostgresRunStore } from "../postgres/postgres-run-store.ts";
import { closedAtEnd, type StoreUnderTest } from "./store-under-test.ts";

/** One PostgreSQL for the tests of a file; each test has a schema of its own. */
export function postgresForFile(): {
  server: () => TestPostgres;
  newLocation: () => StoreLocation & { kind: "postgres" };
} {
  let server: TestPostgres | undefined;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());
  const started = () => {
    if (server === undefined) throw new Error("PostgreSQL has not been started");
    return server;
  };
  return {
    server: started,
    newLocation: () => ({
      kind: "postgres",
      url: started().url,
      schema: `test_${randomUUID().replaceAll("-", "")}`,
    }),
  };
}

export function postgresUnderTest(location: StoreLocation & { kind: "postgres" }): StoreUnderTest {
  const other = async (sql: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: location.url });
    client.on("error", () => {});
    onTestFinished(() => client.end().catch(() => {}));
    await client.connect();
    await client.query(`SET search_path TO ${location.schema}`);
    await client.query(sql);
    return client;
  };
  return {
    open: async (owner) => closedAtEnd(await PostgresRunStore.open(location, owner)),
    failWrites: async () => {
      const client = await other(`
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE 'could not extend file: the disk is full' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON events EXECUTE FUNCTION fail()`);
      return async () => void (await client.query("DROP FUNCTION fail CASCADE"));
    },
    blockWrites: async () => {
      const client = await other("BEGIN; LOCK TABLE events IN EXCLUSIVE MODE");
      return async () => void (await client.query("ROLLBACK"));
    },
  };
}
