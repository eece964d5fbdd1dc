"""The risk of failure, measured: some 300 networks of eight families trained, and what their numbers foretold."""
