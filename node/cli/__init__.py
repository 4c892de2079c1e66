"""The gongzhi command: a thin layer, a command a file; what several share is in `shared`."""
