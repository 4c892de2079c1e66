"""Every text for people has its Chinese: what the program says, and the catalogues (docs/messages.md)."""
