"""Other services that answer the same requests, built as others build them: each a program of its own."""
