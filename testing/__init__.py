"""What a repository needs to test its jobs: a service on a temporary database and Temporal, and clocks."""
