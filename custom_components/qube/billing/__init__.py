"""What a tenant owes: exact, append-only, and without Home Assistant."""
