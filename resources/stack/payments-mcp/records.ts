/** The ledger's records, with the field names of a payment processor's API. Amounts are in cents. */
export interface Customer {
  id: string;
  name: string;
  email: string;
}

export interface Charge {
  id: string;
  customer: string;
  amount: number;
  amount_refunded: number;
  currency: string;
  /** True only if refunded in full. */
  refunded: boolean;
  description: string;
  receipt_email: string | null;
  /** ISO 8601 */
  created: string;
}

export type RefundReason = (typeof refundReasons)[number];
export const refundReasons = ["requested_by_customer", "duplicate", "fraudulent"] as const;

export interface Refund {
  id: string;
  charge: string;
  amount: number;
  currency: string;
  reason: RefundReason;
  /** ISO 8601 */
  created: string;
}
