import { describeRunStore } from "../testing/run-store-contract.ts";
import { sqliteUnderTest } from "../testing/sqlite-under-test.ts";

describeRunStore("SQLite", sqliteUnderTest);
