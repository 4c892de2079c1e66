"""The operator's folder: configuration, keys, identities, the files that people edit. Nothing here knows a database."""
