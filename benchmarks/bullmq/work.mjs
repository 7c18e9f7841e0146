// Adds jobs to a queue of BullMQ and works them in this process; prints what that took as JSON.
// node work.mjs REDIS_PORT COUNT CONCURRENCY MILLISECONDS
import { Queue, Worker } from "bullmq";

const [port, count, concurrency, milliseconds] = process.argv.slice(2).map(Number);
const connection = { host: "127.0.0.1", port };
const name = `note-${process.pid}`;
const A_BULK = 1000;

// A job in memory is what a job of nothing is: the rest waits, as for somebody's answer.
const pause = () => new Promise((resolve) => setTimeout(resolve, milliseconds));

const queue = new Queue(name, { connection });
const worker = new Worker(
  name,
  async (job) => {
    if (milliseconds > 0) await pause();
    return { number: job.data.number };
  },
  { connection, concurrency },
);
await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);

let done = 0;
const finished = new Promise((resolve, reject) => {
  worker.on("completed", () => ++done === count && resolve());
  worker.on("failed", (_job, error) => reject(error));
});

const usage = process.cpuUsage();
const begun = performance.now();
for (let first = 0; first < count; first += A_BULK) {
  const length = Math.min(A_BULK, count - first);
  await queue.addBulk(
    Array.from({ length }, (_, n) => ({ name: "note", data: { number: first + n } })),
  );
}
await finished;
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(usage);
console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6 }));

await worker.close();
await queue.obliterate({ force: true });
await queue.close();
