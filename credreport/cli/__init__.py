"""The command line: options, commands, the screen."""
