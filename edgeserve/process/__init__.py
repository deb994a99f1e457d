"""What this process asks of its system and of its interpreter."""
