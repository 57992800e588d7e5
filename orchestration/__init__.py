"""The shell around it all: commands, recipes, runs and reports."""
