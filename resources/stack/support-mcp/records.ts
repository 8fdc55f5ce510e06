/** A customer as the support team knows them: another record than the payment processor's, with the same id. */
export interface SupportCustomer {
  id: string;
  name: string;
  plan: "starter" | "team";
}

export interface Ticket {
  id: string;
  customer: string;
  /** The charge that it is about. */
  charge: string | null;
  subject: string;
  status: "open" | "answered";
  replies: string[];
}
