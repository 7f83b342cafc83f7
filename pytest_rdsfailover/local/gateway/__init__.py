"""AWS's side of the endpoints: instances, roles, DNS and failovers over one real server."""
