"""One thin file per command: read options, load the configuration, build, call, print."""
