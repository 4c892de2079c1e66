"""Six cities on one machine, to show and to try: nothing here runs in a city."""
