"""What one member may put into its own log, or one caller into a question: it stops nothing at another city."""
