"""The demo: sends a file of commands, shows what ran, and checks the database against a model of its own."""
