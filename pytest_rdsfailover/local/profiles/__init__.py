"""What a failover looks like: profiles, the steps that they become, and recorded profiles."""
