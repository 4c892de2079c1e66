"""Six cities on one machine, to show and to try. Nothing here runs in a city: an installation may lack this folder."""
