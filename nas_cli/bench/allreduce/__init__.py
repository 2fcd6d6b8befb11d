"""All-reduce, and the traffic of parameter servers, measured against what this machine can move at all."""
