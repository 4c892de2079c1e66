"""The gongzhi command: a thin layer, a group a file."""
