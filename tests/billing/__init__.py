"""Tests of what a tenant owes: plain Python, without Home Assistant."""
