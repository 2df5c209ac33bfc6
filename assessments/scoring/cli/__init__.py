"""The commands of the engine: each module reads files, calls the arithmetic and gives a plain dict."""
