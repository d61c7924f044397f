"""The blueprints, each as an automation over the simulated cloud."""
