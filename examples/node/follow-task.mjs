// Starting a task over HTTP from Node, following it through restarts of the API, and reading its result: fetch alone.
// node follow-task.mjs JOB 'INPUT AS JSON', with MAINSPRING_URL and MAINSPRING_KEY in the environment.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

const [job, input] = process.argv.slice(2);
const base = process.env.MAINSPRING_URL;
const headers = { Authorization: `Bearer ${process.env.MAINSPRING_KEY}`, "Content-Type": "application/json" };
const RETRY_MILLISECONDS = 1_000;

// The same key with the same body is the same task, so that a start whose answer was lost is sent again.
const started = await persistently(`/v1/jobs/${job}`, {
  method: "POST", headers: { ...headers, "Idempotency-Key": randomUUID() }, body: JSON.stringify({ input: JSON.parse(input) }),
});
const { id } = await started.json();
console.log(`started ${id}`);

let lastId = "";
let task;
while (task?.finished_at == null) {
  const resume = lastId ? { "Last-Event-ID": lastId } : {};
  const stream = await persistently(`/v1/tasks/${id}/events`, { headers: { ...headers, ...resume } });
  try {
    for await (const event of events(stream)) {
      lastId = event.id;
      task = JSON.parse(event.data);
      console.log(`${event.event} ${task.state} ${task.progress} %`);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // how fetch says that the connection broke
  }
  if (task?.finished_at == null) await pause(RETRY_MILLISECONDS);
}
const result = await persistently(`/v1/tasks/${id}/result`, { headers });
console.log(JSON.stringify(await result.json()));

// Calls again while nobody answers, or the API asks to come back; throws what it says otherwise.
async function persistently(path, options) {
  for (;;) {
    try {
      const response = await fetch(base + path, options);
      if (response.ok) return response;
      if (![429, 503].includes(response.status)) throw new Error(await response.text());
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await pause(RETRY_MILLISECONDS);
  }
}

// Gives the events of a stream: fields a line, an empty line after each event, lines with a colon first are no fields.
async function* events(response) {
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + text).split("\n\n");
    rest = whole.pop();
    for (const block of whole) {
      const fields = Object.fromEntries(
        block.split("\n").filter((line) => !line.startsWith(":")).map((line) => line.split(/: ?(.*)/s).slice(0, 2)),
      );
      if (fields.data !== undefined) yield fields;
    }
  }
}
