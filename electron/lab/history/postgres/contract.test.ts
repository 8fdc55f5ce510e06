import { postgresForFile, postgresUnderTest } from "../testing/postgres-under-test.ts";
import { describeRunStore } from "../testing/run-store-contract.ts";

const postgres = postgresForFile();

describeRunStore("PostgreSQL", () => postgresUnderTest(postgres.newLocation()));
