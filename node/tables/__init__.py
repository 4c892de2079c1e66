"""Tables in files as offices keep them: CSV of any delimiter and encoding, packed or not, and workbooks."""
