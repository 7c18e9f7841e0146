// Starting a task from Node: a row of the ledger, in your own transaction. It needs no package but your driver.
import { randomUUID } from "node:crypto";

// Returns an INSERT for PostgreSQL as node-postgres takes it. It returns no row while a task of the same key is active.
export function startTask({
  job, input, key = null, workspace = "default", fairnessKey = null, priority = 3, startsAt = null,
}) {
  const id = randomUUID();
  const jobKey = key === null ? null : `${job}/${key}`;
  const name = jobKey ?? job;
  const own = workspace === "default" ? name : `@${workspace.replace(/%/g, "%25").replace(/\//g, "%2F")}/${name}`;
  // A workflow that waits for its time must not be in the way of one that runs now.
  const workflowId = jobKey !== null && startsAt === null ? own : `${own}/${id}`;
  return {
    text: `
      INSERT INTO tasks (id, job, workflow_id, job_key, dedupe_key, workspace, fairness_key, input, priority, starts_at,
                         triggered_by, state, progress, processed, attempts, is_pooled, created_at, updated_at)
      VALUES ($1::uuid, $2, $3, $4, $4, $5, $6, $7::jsonb, $8, $9::text::timestamptz,
              'node', 'QUEUED', 0, 0, 0, FALSE, now(), now())
      ON CONFLICT DO NOTHING
      RETURNING id`,
    values: [id, job, workflowId, jobKey, workspace, fairnessKey, JSON.stringify(input), priority,
             startsAt?.toISOString() ?? null],
  };
}
