import pg from "pg";
import { DECISION_FIELDS, describeDecisions, type QueriedDecisions } from "../stacks/decisions-spec.ts";
import type { AuditRow } from "./audit-row.ts";
import { COLUMN_OF, mappedDecision } from "./mapped-decision.ts";
import { TableReader } from "./table-reader.ts";

/**
 * Follows the rows of a person's query as the decisions of the run. See {@link TableReader.fromNow}.
 * @param url of the database, with its address
 */
export function followQuery(
  spec: QueriedDecisions,
  url: string,
  take: (row: AuditRow) => void,
  report: (problem: string) => void,
): Promise<TableReader<AuditRow | undefined>> {
  const order = `source.${pg.escapeIdentifier(spec.order)}::bigint`;
  const columns = DECISION_FIELDS.flatMap((field) => {
    const column = spec.fields[field];
    return column === undefined ? [] : [`source.${pg.escapeIdentifier(column)} AS ${COLUMN_OF[field]}`];
  });
  const table = {
    // On lines of its own, so that a comment at its end does not hide what follows.
    from: `(\n${spec.query.replace(/;\s*$/, "")}\n) AS source`,
    order,
    hasLateRows: true as const,
    called: describeDecisions(spec),
    rowCalled: "row",
    columns: [`${order}::text AS id`, ...columns].join(", "),
    row: mappedDecision(spec),
  };
  return TableReader.fromNow(table, url, (row) => row !== undefined && take(row), report);
}
