"""Measure what this integration costs, beside what a user would do without it.

Each arm is a process of its own, and so is the simulated cloud that it reads.
"""
