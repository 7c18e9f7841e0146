// Starts a job by the HTTP API and reads its task, with types that are generated from the API's own document:
// `make client` writes mainspring.d.ts. MAINSPRING_URL and MAINSPRING_KEY say where and as whom.
import createClient from "openapi-fetch";
import type { paths } from "./mainspring.d.ts";

const api = createClient<paths>({
  baseUrl: process.env.MAINSPRING_URL ?? "http://127.0.0.1:8234",
  headers: { Authorization: `Bearer ${process.env.MAINSPRING_KEY}` },
});

const started = await api.POST("/v1/jobs/{name}", {
  params: { path: { name: "wishlist-sale-check" }, header: { "Idempotency-Key": crypto.randomUUID() } },
  body: { input: {}, priority: 2 },
});
if (started.error) throw new Error(started.error.detail);

const task = await api.GET("/v1/tasks/{task_id}", { params: { path: { task_id: started.data.id } } });
if (task.error) throw new Error(task.error.detail);

const state: "QUEUED" | string = task.data.state;
console.log(JSON.stringify({ id: task.data.id, job: task.data.job, state, priority: task.data.priority }));
