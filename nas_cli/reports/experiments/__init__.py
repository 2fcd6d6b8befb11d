"""Tables and figures of the documents' experiments, from the journals of their runs."""
