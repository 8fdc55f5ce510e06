import { TextInput } from "@mantine/core";
import type { DatabaseLogin } from "../../electron/contract/stacks.ts";
import classes from "./services-page.module.css";
import type { ServiceForm } from "./use-description.ts";

/** How a database is logged in to; the password stays in a variable of the environment. */
export function LoginFields({ form, onChange }: { form: ServiceForm; onChange: (form: ServiceForm) => void }) {
  const { login } = form.probe;
  if (login === null) return <p className={classes.note}>Its file has the query, with the password.</p>;
  const field = (name: keyof DatabaseLogin, label: string, placeholder: string) => (
    <TextInput
      size="xs"
      label={label}
      placeholder={placeholder}
      value={login[name]}
      spellCheck={false}
      onChange={(event) =>
        onChange({ ...form, probe: { ...form.probe, login: { ...login, [name]: event.currentTarget.value } } })
      }
    />
  );
  return (
    <>
      {field("user", "User", "postgres")}
      {field("database", "Database", "postgres")}
      {field("passwordVariable", "Password variable", "POSTGRES_PASSWORD")}
    </>
  );
}
