"""A simulated year of many tenancies, and what an oracle says that each of them owes."""
