export type SqlQuery = <Row>(text: string, values: readonly unknown[]) => Promise<Row[]>;

/** What the two databases say differently. Values are written `$1`. */
export interface QueueSql {
  /** The time of the database in milliseconds since the epoch. */
  now: string;
  /** Ends a subquery whose row of that table is taken, passing over those that others have locked. */
  skipLocked(table: string): string;
  /** Ends a query whose rows stay as they are until the transaction ends. */
  forUpdate: string;
  /** Whether the JSON list in the column `labels` has only members of the one in a value. */
  labelsWithin(value: string): string;
  query: SqlQuery;
  /** Of workers in other processes; without them workers poll alone. */
  wakeUps?: {
    send(query: SqlQuery, runId: string, labels: readonly string[]): Promise<void>;
    withdraw(query: SqlQuery, runId: string, labels: readonly string[]): Promise<void>;
  };
  transaction<Value>(use: (query: SqlQuery) => Promise<Value>): Promise<Value>;
  close(): Promise<void>;
}
