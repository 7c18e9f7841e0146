"""What every workflow is made of: jobs, tracking, batches, waits, flows, queue consumers. Knows no domain."""
