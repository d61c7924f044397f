"""Tests of the integration, of its client, and of the simulated cloud."""
