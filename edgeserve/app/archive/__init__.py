"""Archives: pictures and videos on the disk, a file with what was found for each."""
