"""What every activity runs in: retries, heartbeats, steps, batched queues, limits. Knows no domain."""
