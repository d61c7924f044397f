"""Home Assistant is killed again and again, and no money may be lost or made up by it."""
