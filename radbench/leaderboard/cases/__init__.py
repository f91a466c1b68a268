"""The single cases behind a board: samples found, sorted and read only where they are shown."""
