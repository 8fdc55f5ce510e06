import { AUDIT_LOG, type AuditRow } from "./audit-row.ts";
import { TableReader } from "./table-reader.ts";

export type { AuditRow } from "./audit-row.ts";

/** Follows the gateway's decisions. */
export const AuditReader = {
  /** See {@link TableReader.fromNow}. */
  fromNow: (connectionString: string, take: (row: AuditRow) => void, report: (problem: string) => void) =>
    TableReader.fromNow(AUDIT_LOG, connectionString, take, report),
};
